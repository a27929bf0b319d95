// Prints each query of `given` that is no SOQL, with what is wrong with it.
const { parseQuery } = require('@jetstreamapp/soql-parser-js');

const wrong = {};
for (const query of given) {
  try {
    parseQuery(query);
  } catch (error) {
    wrong[query] = String(error.message);
  }
}
console.log(JSON.stringify(wrong));
