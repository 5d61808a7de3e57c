import type { Task } from '../task.ts';

const python = `import struct, zlib
values = [int(line.split(',')[1]) for line in open('visits.csv').read().split()[1:]]
width, height = 20 * len(values), max(values)
lines = b''.join(b'\\0' + bytes(0 if values[x // 20] >= height - y and x % 20 < 15 else 255 for x in range(width)) for y in range(height))
chunk = lambda name, data: struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
open('chart.png', 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b''))
open('report.md', 'w').write(f'# Visits\\n\\nIn total {sum(values)}.\\n\\n![Visits by day](chart.png)\\n')`;

export const reportWithPicture: Task = {
  name: 'report-with-picture',
  prompt:
    'Draw the visits by day of /visits.csv as a bar chart in /chart.png (write the PNG with the standard library of Python), and write /report.md, which shows the picture and names the total.',
  files: { '/visits.csv': 'day,visits\nmon,31\ntue,45\nwed,28\n' },
  turns: [[['run_code', { language: 'python', code: python }]], 'The report is in {{0.files.1.path}}.'],
  check: async ({ bytes, text }) => {
    const report = await text('/report.md');
    return {
      'the picture is a PNG': (await bytes('/chart.png')).subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex')),
      'the report shows the picture': report.includes('chart.png'),
      'the report names the total': report.includes('104'),
    };
  },
};
