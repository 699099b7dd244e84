// The other side of the reserved topics, in the test machine; service-machine.ts makes one file of it, for node alone.
//   cloud.cjs jobs FOLDER JOBS   gives the station each job of which JOBS/ID.json appears, and says in JOBS/ID.done how it ended
//   cloud.cjs claim FOLDER ETC   lays a claim on the card, and lets it become the station that it was before
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join, parse } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { createCertificateAuthority } from '../../../src/certificate/certificate-authority.ts';
import { FleetDouble } from '../../fakes/fleet-provisioning.ts';
import { startJobsCloud } from '../../system/jobs-cloud.ts';
import type { MqttClientParts } from '../../system/mqtt-client.ts';
import { serveReservedTopics } from '../../system/reserved-topics.ts';

const STATION = 'vm';
const SERIAL = '10000000abcdef01';
const TEMPLATE = 'fleet';

/** As the folder of service-machine.ts has it. */
const clientParts = (folder: string): MqttClientParts => {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const identity = { certificate: read('reader.pem'), privateKey: read('reader.key') };
  return { port: 8_883, rootCa: read('ca.pem'), identity };
};

/** Leaves what is put into it as the file `received` of a folder; it has the certificate of the broker. */
const openBucket = (folder: string, jobs: string): void => {
  const [cert, key] = [readFileSync(join(folder, 'server.pem')), readFileSync(join(folder, 'server.key'))];
  createServer({ cert, key }, async (request, response) => {
    writeFileSync(join(jobs, 'received'), gunzipSync(await buffer(request)));
    response.end();
  }).listen(443, '127.0.0.1');
};

const serveJobs = async (folder: string, jobs: string): Promise<void> => {
  openBucket(folder, jobs);
  const { service } = await startJobsCloud({ ...clientParts(folder), station: STATION });
  for (;;) {
    for (const { name: jobId, ext, base } of readdirSync(jobs).map((name) => parse(name)))
      if (ext === '.json' && service.stateOf(jobId) === undefined)
        service.add(jobId, JSON.parse(readFileSync(join(jobs, base), 'utf8')));
    for (const { jobId, status, statusDetails } of service.executions)
      if (status !== 'QUEUED' && status !== 'IN_PROGRESS')
        writeFileSync(join(jobs, `${jobId}.done`), `${status} ${JSON.stringify(statusDetails)}\n`);
    await delay(200);
  }
};

const registerCard = async (folder: string, etc: string): Promise<void> => {
  const parts = clientParts(folder);
  const authority = await createCertificateAuthority('Fleet');
  const fleet = new FleetDouble(authority, TEMPLATE);
  fleet.listed.set(SERIAL, { id: STATION, name: 'Claimed' });
  let isRegistered = false;
  const { close } = await serveReservedTopics({
    ...parts,
    fleet,
    onRequest: ({ topic }, moment) => {
      isRegistered ||= topic.includes(TEMPLATE) && moment === 'after';
      return Promise.resolve();
    },
  });
  const { certificate, privateKey } = await authority.issueClient('claim');
  // The broker takes what this authority signs once it is started anew.
  appendFileSync(join(folder, 'ca.pem'), `\n${authority.certificate}\n`);
  const claim = join(etc, 'claim');
  mkdirSync(claim, { mode: 0o700 });
  writeFileSync(join(claim, 'claim.pem'), certificate);
  writeFileSync(join(claim, 'claim.key'), privateKey, { mode: 0o600 });
  const settings = `endpoint: localhost\ntemplate: ${TEMPLATE}\nserialNumber: ${SERIAL}\n`;
  writeFileSync(join(claim, 'claim.yaml'), settings);
  while (!isRegistered || fleet.registered.size === 0) await delay(100);
  await close();
};

const [command, folder = '', place = ''] = process.argv.slice(2);
void (command === 'jobs' ? serveJobs(folder, place) : registerCard(folder, place));
