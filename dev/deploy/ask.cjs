// What Google says of a project, asked with the Firebase CLI's own login. Changes nothing.
// Usage: node ask.cjs PROJECT SECRET [QUESTION …], all of them where none is named. Prints {"account": …, "answers": {question: {"body": …} or {"status": …, "error": …}}}.
const { requireAuth } = require('firebase-tools/lib/requireAuth');
const auth = require('firebase-tools/lib/auth');
const api = require('firebase-tools/lib/api');
const { Client } = require('firebase-tools/lib/apiv2');

const [project, secret, ...named] = process.argv.slice(2);
const database = `/v1/projects/${project}/databases/(default)`;
const QUESTIONS = {
  project: [api.firebaseApiOrigin(), `/v1beta1/projects/${project}`],
  billing: [api.cloudbillingOrigin(), `/v1/projects/${project}/billingInfo`],
  services: [api.serviceUsageOrigin(), `/v1/projects/${project}/services?filter=state:ENABLED&pageSize=200`],
  database: [api.firestoreOrigin(), database],
  fields: [
    api.firestoreOrigin(),
    `${database}/collectionGroups/-/fields?filter=indexConfig.usesAncestorConfig=false&pageSize=1000`,
  ],
  secret: [api.secretManagerOrigin(), `/v1/projects/${project}/secrets/${secret}/versions?filter=state:ENABLED`],
  sign_in: [api.identityOrigin(), `/admin/v2/projects/${project}/config`],
};

async function ask([urlPrefix, path]) {
  const [pathname, query] = path.split('?');
  const client = new Client({ urlPrefix, auth: true });
  try {
    const queryParams = Object.fromEntries(new URLSearchParams(query));
    const answer = await client.get(pathname, { queryParams, headers: { 'x-goog-user-project': project } });
    return { body: answer.body };
  } catch (error) {
    return { status: error.status ?? 0, error: error.message };
  }
}

async function main() {
  const options = { project, projectRoot: process.cwd() };
  const signedIn = auth.getProjectDefaultAccount(options.projectRoot) ?? auth.getGlobalDefaultAccount();
  if (signedIn) auth.setActiveAccount(options, signedIn);
  let account;
  try {
    account = (await requireAuth(options)) ?? 'a token';
  } catch {
    return { account: null, answers: {} };
  }
  const names = named.length ? named : Object.keys(QUESTIONS);
  const answers = await Promise.all(names.map(async (name) => [name, await ask(QUESTIONS[name])]));
  return { account, answers: Object.fromEntries(answers) };
}

main().then((said) => process.stdout.write(JSON.stringify(said), () => process.exit(0)));
