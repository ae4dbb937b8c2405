// Rings for a new look at what is under way, and says its progress at quarters. The page looks by itself every two seconds as well,
// so nothing is lost when a stream is not to be had; what is painted always comes from the server's page.
(function () {
  "use strict";
  function watch(part) {
    var said = -1, id = part.id, source = new EventSource(part.dataset.events);
    function say(text) {
      var line = document.getElementById(id + "-said");
      if (line) line.textContent = text;
    }
    function look() {
      var now = document.getElementById(id);
      if (now) now.dispatchEvent(new Event("tenurenow"));
    }
    source.addEventListener("change", function (e) {
      var x = JSON.parse(e.data), quarter = Math.floor(x.percent / 25) * 25;
      if (quarter !== said) {
        said = quarter;
        say(quarter + " %: " + x.words);
      }
      look();
    });
    source.addEventListener("end", function (e) {
      source.close();
      say(JSON.parse(e.data).words);
      look();
    });
    window.addEventListener("pagehide", function () { source.close(); });
  }
  if (window.EventSource) document.querySelectorAll("[data-events]").forEach(watch);
})();
