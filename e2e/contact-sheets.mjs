// One small picture of each theme, with every state of every presentation: docs/screenshots. Made by
//
//     python3 e2e/dev_server.py target/debug/countersign npm --prefix e2e run screenshots

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { pictures } from "./browser.mjs";

const from = fileURLToPath(new URL("./screenshots/", import.meta.url));
const to = fileURLToPath(new URL("../docs/screenshots/", import.meta.url));

/** Which picture of a state goes on which sheet. */
const SHEETS = { light: "en-light", dark: "en-dark", "right-to-left": "ar-light", "320-pixels": "en-narrow" };
const CELL_PX = 160;
/** Of WebP. All sheets together stay below 150 kB. */
const QUALITY = 30;

/** Puts the pictures of `rows` (presentations) and `columns` (states) together; nothing, if none were taken. */
export async function writeSheets(browser, { rows, columns }) {
  if (!pictures) return;
  await mkdir(to, { recursive: true });
  for (const [name, variant] of Object.entries(SHEETS)) {
    const page = await browser.newPage({ viewport: { width: CELL_PX * columns.length, height: 600 } });
    const cell = async (row, column) =>
      `<td><img alt="" src="data:image/png;base64,${await readFile(`${from}${row}-${column}-${variant}.png`, "base64")}"></td>`;
    const lines = await Promise.all(rows.map(async (row) =>
      `<tr><th>${row}</th>${(await Promise.all(columns.map((column) => cell(row, column)))).join("")}</tr>`));
    await page.setContent(`<!doctype html><title>${name}</title><style>
      body { margin: 0; font: 12px system-ui, sans-serif; background: #888; }
      table { border-collapse: collapse; width: 100%; table-layout: fixed; } td { vertical-align: top; padding: 2px; }
      img { width: 100%; max-height: 340px; object-fit: cover; object-position: top; display: block; }
      </style><table><colgroup><col style="width: 5em"></colgroup><tr><th></th>${columns.map((column) => `<th>${column}</th>`).join("")}</tr>${lines.join("")}</table>`);
    await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
    await page.screenshot({ path: `${from}sheet-${name}.png`, fullPage: true });
    const client = await page.context().newCDPSession(page);
    const { data } = await client.send("Page.captureScreenshot", { format: "webp", quality: QUALITY, captureBeyondViewport: true });
    await writeFile(`${to}${name}.webp`, data, "base64");
    await page.close();
  }
}
