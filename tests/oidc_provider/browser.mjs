// A real Chromium signs in at the provider under a name, and prints the page that it ends on as JSON.
// Usage: node browser.mjs EXECUTABLE NAME ADDRESS
import { chromium } from 'playwright-core';

const [executablePath, name, address] = process.argv.slice(2);
// A build machine often runs as root, where Chromium's sandbox cannot start. It visits nothing but our own provider.
const browser = await chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(address);
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.waitForLoadState();
  const landed = page.waitForURL((url) => url.hostname === '127.0.0.1');
  await page.click('button[type=submit]');
  await landed;
  const text = await page.innerText('body');
  console.log(JSON.stringify({ title: await page.title(), text, path: new URL(page.url()).pathname, complaints }));
} finally {
  await browser.close();
}
