import { describeService } from './service-suite.ts';

describeService('without chips, lines, network and time', {
  script: 'mast.sh',
  lastCheck: 'lives-through-steps',
  fewestReadings: 40,
});
