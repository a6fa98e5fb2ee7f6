/**
 * The fences between the rooms. Dependencies point one way:
 * cli, demo -> daemon -> fuse, control -> fs -> view, listing, data, send, mdn -> s3.
 */
const only = (name, packages, room, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: '^src/', pathNot: `^src/${room}/` },
  to: { path: `^node_modules/(${packages})` },
})

const room = (from, mayUse, comment) => ({
  name: `${from}-uses-only-its-neighbours`,
  severity: 'error',
  comment,
  from: { path: `^src/${from}/` },
  to: { path: '^src/[^/]+/', pathNot: `^src/(${[from, ...mayUse].join('|')})/` },
})

/** A room of `send/`: which of the others it may use, and which files beside them: the interface, the trail. */
const roomOfSend = (from, rooms, files, comment) => ({
  name: `send-${from}-uses-only-what-is-below-it`,
  severity: 'error',
  comment,
  from: { path: `^src/send/${from}/` },
  to: { path: '^src/send/', pathNot: `^src/send/(((${[from, ...rooms].join('|')})/)|((${files.join('|')})\\.ts$))` },
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only(
      'only-fuse-knows-the-binding',
      'fuse-native',
      'fuse',
      'The kernel has one door, so that one place answers it.',
    ),
    only('only-s3-knows-the-sdk', '@aws-sdk|@smithy', 's3', 'SDK failures become our errors in one place.'),
    only('only-cli-knows-yargs', 'yargs|yaml|cli-progress', 'cli', 'Options are parsed once, at the edge.'),
    only('only-telemetry-knows-pino', 'pino|pino-pretty', 'telemetry', 'The log can be changed in one place.'),
    {
      name: 'only-the-interface-of-listing',
      severity: 'error',
      comment: 'Which index a view is a range of, and how that is packed, is the listing room’s alone.',
      from: { path: '^src/(fs|mdn|delivery|control)/' },
      to: { path: '^src/listing/', pathNot: '^src/listing/listing\\.ts$' },
    },
    room('view', [], 'Pure: path to key and back.'),
    room('s3', ['telemetry'], 'The bucket knows nothing of what is made of it.'),
    room('listing', ['view', 's3', 'telemetry'], 'fs brings listing, data and send together.'),
    room('data', ['s3', 'telemetry'], 'fs brings listing, data and send together.'),
    room('send', ['view', 's3', 'telemetry', 'journal'], 'Money rides here: it depends on as little as it can.'),
    roomOfSend('life', [], ['sender'], 'Pure: what a file is, and what may become of it.'),
    roomOfSend('disk', ['life'], ['sender', 'trail'], 'It keeps what life says, and knows nobody who changes it.'),
    roomOfSend(
      'judging',
      ['life', 'disk'],
      ['sender', 'trail'],
      'What life decides by, of the bucket and of the book.',
    ),
    roomOfSend('writing', ['life', 'disk', 'judging'], ['sender'], 'It ends at the last close: nothing of uploads.'),
    roomOfSend('uploads', ['life', 'disk', 'judging'], ['sender', 'retry-delay'], 'It begins with what is queued.'),
    roomOfSend(
      'bundles',
      ['life', 'disk', 'judging', 'writing'],
      ['retry-delay'],
      'Of an archive, all but its upload.',
    ),
    roomOfSend('pickup', ['life', 'disk'], ['sender'], 'It begins with what is submitted.'),
    room('binding', [], 'What C does for whoever needs it.'),
    room('journal', ['binding', 'telemetry'], 'Lines that outlive a crash, whatever they say.'),
    room('taking', ['view', 'journal', 'telemetry'], 'What programs did to the files of an inbox; it knows no bucket.'),
    room(
      'mdn',
      ['view', 'listing', 's3', 'telemetry', 'journal'],
      'What receipts say; what becomes of that is shown elsewhere.',
    ),
    room(
      'delivery',
      ['view', 'listing', 'mdn', 's3', 'telemetry', 'journal'],
      'Made of listings and receipts; it reads nothing itself.',
    ),
    room(
      'fs',
      ['view', 'listing', 'data', 'send', 'taking', 'mdn', 'delivery', 's3', 'telemetry', 'state'],
      'The filesystem without the kernel.',
    ),
    room('fuse', ['fs', 'binding', 'telemetry'], 'The kernel without the bucket.'),
    room(
      'service',
      ['fuse', 'control', 'telemetry'],
      'What systemd is told of a mount, and nothing of how that comes about.',
    ),
    room('state', ['send', 'journal', 'telemetry'], 'What a mount keeps on disk, but for what waits to be sent.'),
    room(
      'events',
      ['view', 's3', 'listing', 'mdn', 'delivery', 'telemetry'],
      'What happened, for who follows it; who makes it happen knows nothing of that.',
    ),
    room(
      'control',
      ['send', 'state', 'listing', 'mdn', 'delivery', 'view', 'events', 'telemetry'],
      'What is told to other processes.',
    ),
    room(
      'metrics',
      ['control', 'fs', 'listing', 'data', 'send', 'mdn', 'delivery', 'events', 's3', 'view', 'telemetry'],
      'Figures of what others know; nobody but the daemon knows of it.',
    ),
    room(
      'http',
      ['control', 'events', 'delivery', 'view', 'telemetry'],
      'It hands on what is told to all; it changes nothing.',
    ),
    room(
      'doctor',
      ['daemon', 'fuse', 'binding', 'http', 's3', 'view', 'send', 'state', 'telemetry'],
      'What a mount needs, looked at by what the mount itself needs it with.',
    ),
    room('telemetry', [], 'Everyone may log; the log needs no one.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
