import type { Task } from '../task.ts';

const javascript = `const days = workspace.read('/visits.csv').trim().split('\\n').slice(1).map((line) => line.split(','));
const bars = days.map(([day, n], at) => \`<rect x="\${at * 20}" y="\${50 - n}" width="15" height="\${n}"><title>\${day}: \${n}</title></rect>\`);
workspace.write('/chart.svg', \`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 50">\${bars.join('')}</svg>\`);
const total = days.reduce((sum, [, n]) => sum + Number(n), 0);
workspace.write('/report.md', \`# Visits\\n\\nIn total \${total}.\\n\\n![Visits by day](chart.svg)\\n\`);`;

export const reportWithPicture: Task = {
  name: 'report-with-picture',
  prompt:
    'Run code that draws the visits by day of /visits.csv as a bar chart in /chart.svg. Then write /report.md, which shows the picture and names the total of all days.',
  files: { '/visits.csv': 'day,visits\nmon,31\ntue,45\nwed,28\n' },
  turns: [[['run_code', { language: 'javascript', code: javascript }]], 'The report is in {{0.files.1.path}}.'],
  check: async ({ text, used }) => {
    const [picture, report] = [await text('/chart.svg'), await text('/report.md')];
    return {
      'the picture is an SVG with a bar for each day':
        /<svg[\s>]/.test(picture) && picture.split(/<(?:rect|path|line|polygon)\b/).length > 3,
      'the report shows the picture': report.includes('chart.svg'),
      'the report names the total': report.includes('104'),
      'code was run': used.includes('run_code'),
    };
  },
};
