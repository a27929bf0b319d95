// Bulk API 2.0 both ways. `given` comes from the test.
const jsforce = require('jsforce');

async function main() {
  const org = new jsforce.Connection({ instanceUrl: given.url, accessToken: given.token, version: '62.0' });
  org.bulk2.pollInterval = 50;
  org.bulk2.pollTimeout = 60000;
  const input = [{ Name: 'Müller "Süd"\nZürich' }, { Name: 'Two' }, { Name: 'x'.repeat(300) }];
  const results = await org.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'insert', input });
  const stream = await org.bulk2.query('SELECT Id, Name FROM Account');
  const records = await stream.toArray();
  return {
    taken: results.successfulResults.length,
    refused: results.failedResults.map((result) => result.sf__Error.split(':')[0]),
    unprocessed: results.unprocessedRecords.length,
    names: records.map((record) => record.Name).sort(),
  };
}

main().then((seen) => console.log(JSON.stringify(seen)), (error) => { console.error(error); process.exit(1); });
