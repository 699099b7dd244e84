// The other side of the reserved topics, in the test machine; service-machine.ts makes one file of it, for node alone.
//   cloud.cjs jobs FOLDER JOBS   gives the station each job of which JOBS/ID.json appears, and says in JOBS/ID.done how it ended;
//                                wants each configuration of which JOBS/ID.want appears, and says in JOBS/reported what is reported
//   cloud.cjs claim FOLDER ETC   lays a claim on the card, and lets it become the station that it was before
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { basename, join, parse } from 'node:path';
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

const BUCKET = 'reports.s3.eu-west-1.amazonaws.com';

/**
 * Has the archives of the folder. Leaves what is put into it as the file `received` of the other one. It has the certificate of
 * the broker.
 */
const openBucket = (folder: string, jobs: string): void => {
  const [cert, key] = [readFileSync(join(folder, 'server.pem')), readFileSync(join(folder, 'server.key'))];
  createServer({ cert, key }, async (request, response) => {
    if (request.method === 'PUT') {
      writeFileSync(join(jobs, 'received'), gunzipSync(await buffer(request)));
      response.end();
      return;
    }
    const { pathname } = new URL(request.url ?? '', `https://${BUCKET}`);
    const archive = readFileSync(join(folder, basename(pathname)));
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
    response.writeHead(206, {
      'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}`,
      'content-length': archive.length - from,
    });
    response.end(archive.subarray(from));
  }).listen(443, '127.0.0.1');
};

/** As `cloud:job -- update` makes it; here it says `{"verb":"update","release":"9.1.0"}`. */
const documentIn = (folder: string, text: string): unknown => {
  const document: { verb: string; release?: string } = JSON.parse(text);
  if (document.release === undefined) return document;
  const base = `update-${document.release}`;
  const manifest = readFileSync(join(folder, `${base}.json`), 'utf8');
  const signature = readFileSync(join(folder, `${base}.json.sig`), 'utf8');
  const url = `https://${BUCKET}/${base}.tar.gz?X-Amz-Signature=1`;
  return { verb: 'update', releases: [{ manifest, signature, url }] };
};

/** Whole or not at all, for whoever reads it meanwhile. */
const replace = (file: string, text: string): void => {
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
};

const serveJobs = async (folder: string, jobs: string): Promise<void> => {
  openBucket(folder, jobs);
  const { service, shadow } = await startJobsCloud({ ...clientParts(folder), station: STATION });
  const taken = new Set<string>();
  for (;;) {
    for (const { name: id, ext, base } of readdirSync(jobs).map((name) => parse(name))) {
      if (taken.has(base) || !['.json', '.want'].includes(ext)) continue;
      taken.add(base);
      const text = readFileSync(join(jobs, base), 'utf8');
      if (ext === '.json') service.add(id, documentIn(folder, text));
      else shadow.want([{ id, values: JSON.parse(text) }]);
    }
    const reported = Object.entries(shadow.reported).map((part) => JSON.stringify(part));
    replace(join(jobs, 'reported'), reported.join('\n'));
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
