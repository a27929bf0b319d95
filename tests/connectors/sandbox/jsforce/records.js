// Drives the org as a client that knows nothing of ours; prints what it saw. `given` comes from the test.
const jsforce = require('jsforce');

async function main() {
  const org = new jsforce.Connection({ instanceUrl: given.url, accessToken: given.token, version: '62.0' });
  const seen = {};
  const account = org.sobject('Account');

  const made = await account.create({ Name: 'One' });
  seen.made = [made.success, made.errors];
  seen.read = (await account.retrieve(made.id)).Name;
  await account.update({ Id: made.id, Name: 'Uno' });
  seen.renamed = (await account.retrieve(made.id)).Name;
  const many = await account.create(Array.from({ length: 250 }, (_, n) => ({ Name: `Many ${n}` })), { allowRecursive: true });
  seen.many = many.filter((result) => result.success).length;
  const mixed = await account.update([{ Id: many[0].id, Name: 'Zero' }, { Id: many[1].id, Nmae: 'x' }]);
  seen.mixed = mixed.map((result) => (result.success ? 'ok' : result.errors[0].statusCode));

  const overlap = org.sobject('Partner_Overlap__c');
  const keys = ['a/b', 'c?d', 'e f#g'];
  const first = await overlap.upsert(keys.map((key) => ({ Overlap_Key__c: key })), 'Overlap_Key__c');
  const second = await overlap.upsert({ Overlap_Key__c: 'key', Name: 'N' }, 'Overlap_Key__c');
  const third = await overlap.upsert({ Overlap_Key__c: 'key', Name: 'M' }, 'Overlap_Key__c');
  seen.upserts = [first.map((result) => result.created), second.created, third.created, second.id === third.id];

  const pages = [];
  let page = await org.query('SELECT Id, Owner.Name FROM Account ORDER BY Id', { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
  for (;;) {
    pages.push(page.records.length);
    if (page.done) break;
    page = await org.queryMore(page.nextRecordsUrl);
  }
  seen.pages = pages;
  seen.owner = page.records[0].Owner.Name;
  try {
    await org.query('SELECT Nothing FROM Account');
  } catch (error) {
    seen.refused = [error.errorCode, error.message.includes("No such column 'Nothing'")];
  }
  seen.some = (await account.retrieve([many[2].id, many[3].id])).map((record) => record.Name);

  const described = await account.describe();
  seen.described = [described.name, described.fields.find((field) => field.name === 'Name').length];
  seen.objects = (await org.describeGlobal()).sobjects.map((entry) => entry.name);

  seen.gone = (await account.destroy(made.id)).success;
  seen.allGone = (await account.destroy([many[0].id, many[1].id])).map((result) => result.success);
  const now = Date.now();
  const deleted = await account.deleted(new Date(now - 3600e3), new Date(now + 3600e3));
  seen.deleted = deleted.deletedRecords.map((record) => record.id).sort().join() === [made.id, many[0].id, many[1].id].sort().join();
  seen.updated = (await account.updated(new Date(now - 3600e3), new Date(now + 3600e3))).ids.length;
  seen.left = (await org.query('SELECT COUNT() FROM Account')).totalSize;
  seen.calls = org.limitInfo.apiUsage.limit;
  return seen;
}

main().then((seen) => console.log(JSON.stringify(seen)), (error) => { console.error(error); process.exit(1); });
