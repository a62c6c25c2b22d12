(function () {
  var form = document.getElementById("filter"), box = document.getElementById("q"), kind = document.getElementById("has");
  var rows = Array.prototype.slice.call(document.querySelectorAll("tbody tr[data-name]")), count = document.getElementById("count");
  form.hidden = false;
  function apply() {
    var text = box.value.trim(), want = kind.value, shown = 0;
    rows.forEach(function (row) {
      var fits = (!text || row.dataset.name.indexOf(text) >= 0) && (!want || row.dataset.has.split(" ").indexOf(want) >= 0);
      row.hidden = !fits;
      if (fits) shown += 1;
    });
    count.textContent = "显示 " + shown + " / " + rows.length;
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  apply();
})();
