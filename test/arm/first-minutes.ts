// What a beginner reads in the first minutes after `apt install`: `systemctl status`, `doctor` and the page in a browser, at three moments
// of guest/first-minutes.sh.
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from '../../src/demo/demo.ts';
import { launchBrowser, openViewer } from '../system/browser.ts';
import type { ArmMachine } from './machine.ts';

type Moment = 'nothing' | 'sensors-missing' | 'all-right';
type Place = 'systemctl' | 'doctor' | 'page';

/** Lines that were read there and then. */
const said = (output: string, moment: Moment, place: Place): string =>
  [...output.matchAll(new RegExp(`SAYS ${moment} ${place} (.*)$`, 'gm'))].map(([, line]) => line).join('\n');

export type PageReader = Required<Pick<ArmMachine, 'ports' | 'onLine'>> & {
  /** What the page said at each moment, line by line, and what the browser complained about. */
  readonly pages: ReadonlyMap<string, string>;
  close(): Promise<void>;
};

/** The emulated machine is slow, and may wait for the processor. */
const PAGE_TIMEOUT_MS = 180_000;

/** Looks at the page of the machine whenever that asks for it. */
export const openPageReader = async (): Promise<PageReader> => {
  const pagePort = await freePort();
  const lookedPort = await freePort();
  const browser = await launchBrowser();
  const pages = new Map<string, string>();

  const readPage = async (): Promise<string> => {
    const { page, complaints } = await openViewer(browser, `http://127.0.0.1:${pagePort}/`, {
      timeoutMs: PAGE_TIMEOUT_MS,
    });
    try {
      await page.locator('#live[data-state=good]').waitFor();
      const text = String(await page.evaluate('document.body.innerText'));
      return [
        text.replaceAll(/\n\s*\n/g, '\n'),
        ...complaints.map((complaint) => `COMPLAINT ${complaint}`),
      ].join('\n');
    } finally {
      await page.close();
    }
  };
  return {
    pages,
    ports: { [pagePort]: 8_080, [lookedPort]: 8_081 },
    onLine: (line) => {
      const [, moment] = /LOOK (\S+)$/.exec(line.trimEnd()) ?? [];
      if (moment === undefined) return;
      void readPage()
        .catch((error: unknown) => `not read: ${String(error)}`)
        .then((text) => {
          pages.set(moment, text);
          const socket = connect(lookedPort, '127.0.0.1', () => socket.end());
          socket.on('error', () => undefined);
        });
    },
    close: () => browser.close(),
  };
};

type Expected = Readonly<Record<Place, readonly RegExp[]>>;

const REMEDY_OF_WIRES = /-> check its supply, SDA .* and address; i2cdetect -y shows who answers$/m;

/** What a beginner needs to read at each moment. */
const expected: Readonly<Record<Moment, Expected>> = {
  nothing: {
    systemctl: [
      /Active: active \(running\)/,
      /Status: "\d+ readings taken, 0 delivered, .*no value from .*windVane; sudo weather-gateway doctor says what to do"/,
    ],
    doctor: [
      /^FAIL {2}buses: .*the bus is not there.*\n {6}-> switch I2C on/m,
      /^FAIL {2}BME280: .*\n {6}-> switch I2C on/m,
      /^FAIL {2}wind vane: .*\n {6}-> switch I2C on/m,
      /^ ok {3}GPIO lines: BCM 5 and 6 are held by the running daemon$/m,
      /^FAIL {2}certificate: .*no such file\n {6}-> sudo weather-gateway enroll, then the certificate to \/etc/m,
      /^FAIL {2}TLS: .*\n {6}-> aws\.endpoint is still localhost, as shipped: sudo weather-gateway setup asks for it$/m,
      /^FAIL {2}publish: .*no such file\n {6}-> first what the check of the certificate above says$/m,
    ],
    page: [
      /^There is no value from: BME280, air; Wind vane\. The connection to the cloud does not work; readings are kept until it does\. On the station, “sudo weather-gateway doctor” says what to do\.$/m,
      /^BME280, air\nno value\n.*the bus is not there; switch I2C on: sudo raspi-config nonint do_i2c 0/m,
      /^Wind vane\nno value\n.*the bus is not there; switch I2C on: sudo raspi-config nonint do_i2c 0/m,
      /^disconnected for .*: the certificate \S+ cannot be used: no such file$/m,
      /^Certificate\nnone yet$/m,
    ],
  },
  'sensors-missing': {
    systemctl: [
      /Active: active \(running\)/,
      /Status: "\d+ readings taken, .*link connected; no value from bme280, windVane; sudo weather-gateway doctor says what to do"/,
    ],
    doctor: [
      /^ ok {3}buses: /m,
      /^FAIL {2}BME280: .*0x76.*nothing answers/m,
      /^FAIL {2}wind vane: .*0x48.*nothing answers/m,
      REMEDY_OF_WIRES,
      /^ ok {3}certificate: belongs to the key, \d+ days left/m,
      /^ ok {3}TLS: /m,
      /^ ok {3}publish: the running daemon is connected$/m,
    ],
    page: [
      /^There is no value from: BME280, air; Wind vane\. On the station, “sudo weather-gateway doctor” says what to do\.$/m,
      /^BME280, air\nno value\n.*nothing answers/m,
      /^Wind vane\nno value\n.*nothing answers/m,
      /missing: not found/,
      /^Anemometer\nok$/m,
      /^Connected for /m,
      /^Certificate\n\d+ days left$/m,
    ],
  },
  'all-right': {
    systemctl: [
      /Active: active \(running\)/,
      /Status: "\d+ readings taken, \d+ delivered, \d+ waiting; link connected"/,
    ],
    doctor: [
      /^ ok {3}BME280: chip id 0x60 at 0x76; 25\.1 °C, 55 %RH, 1006\.5 hPa$/m,
      /^ ok {3}wind vane: .*wind from 90°$/m,
      /^ ok {3}publish: the running daemon is connected$/m,
      // No NTP reaches the machine, and it says what opens the way.
      /^FAIL {2}clock: not synchronized\n {6}-> timedatectl set-ntp true/m,
    ],
    page: [/^BME280, air\nok$/m, /^Wind vane\nok$/m, /^Connected for /m, /^25\.1 °C$/m, /^E 90°$/m],
  },
};

/** One test for each moment; the machine must have run before. */
export const expectFirstMinutes = (outputOf: () => string, pagesOf: () => PageReader['pages']): void => {
  it.each<Moment>(['nothing', 'sensors-missing', 'all-right'])(
    'tells a beginner in its first minutes what to do: %s',
    (moment) => {
      const texts: Record<Place, string> = {
        systemctl: said(outputOf(), moment, 'systemctl'),
        doctor: said(outputOf(), moment, 'doctor'),
        page: pagesOf().get(moment) ?? 'never looked at',
      };

      for (const place of ['systemctl', 'doctor', 'page'] as const)
        for (const line of expected[moment][place]) expect(texts[place], place).toMatch(line);
      expect(texts.page).not.toContain('COMPLAINT');
      // At the end nothing but the clock is left to do.
      const failures = texts.doctor.match(/^FAIL {2}.*$/gm) ?? [];
      if (moment === 'all-right') {
        expect(failures).toEqual(['FAIL  clock: not synchronized']);
        expect(texts.page).not.toContain('doctor');
      } else expect(failures.length).toBeGreaterThan(1);
    },
  );
};
