// Lets a passkey answer a page's question. Without this file, and in browsers that know no passkeys, nothing of them is to be seen.
(function () {
  "use strict";
  var P = window.PublicKeyCredential;
  if (!P || !P.parseRequestOptionsFromJSON || !P.parseCreationOptionsFromJSON) return;
  function show(which, seen) {
    document.querySelectorAll(which).forEach(function (e) { e.hidden = !seen; });
  }
  show("[data-passkey], [data-passkey-only]", true);
  show("[data-passkey-none]", false);
  function ask(form) {
    var options = JSON.parse(form.dataset.options);
    return form.dataset.passkey === "new"
      ? navigator.credentials.create({ publicKey: P.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: P.parseRequestOptionsFromJSON(options) });
  }
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    var fault = form.querySelector("[data-fault]"), asking = false;
    form.addEventListener("submit", function (e) {
      e.preventDefault();
      if (asking) return;
      asking = true;
      fault.textContent = "";
      ask(form).then(function (answer) {
        form.elements.credential.value = JSON.stringify(answer.toJSON());
        form.submit();
      }).catch(function () {
        asking = false;
        fault.textContent = fault.dataset.fault;
      });
    });
  });
})();
