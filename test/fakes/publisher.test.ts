import { publisherContract } from '../contract/publisher.ts';
import { createFakePublisher } from './publisher.ts';

publisherContract('the fake publisher', () => {
  const publisher = createFakePublisher();
  return Promise.resolve({
    publisher,
    breakNetwork: () => Promise.resolve(publisher.setNetwork(false)),
    restoreNetwork: () => Promise.resolve(publisher.setNetwork(true)),
    deliver: (topic, payload) => Promise.resolve(publisher.deliver(topic, payload)),
    dispose: () => Promise.resolve(),
  });
});
