// Leads on when the element or the frame says that it is done. What became of it, the shop's server asks Countersign.

const confirmation = document.querySelector("[data-lead]");

if (confirmation) {
  const { lead } = confirmation.dataset;
  addEventListener("countersign-approved", () => location.replace(lead));
  addEventListener("countersign-ended", () => {
    // Once: where the shop's server sees it otherwise, the element's own words stay.
    const ended = `${lead}?ended`;
    if (!location.href.endsWith(ended)) location.replace(ended);
  });
}
