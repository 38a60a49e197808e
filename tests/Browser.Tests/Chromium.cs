using Browser.Tests;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Chromium))]

namespace Browser.Tests;

/// <summary>One browser for all tests: the machine's own, since nothing is downloaded.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        var program = Places.FirstOrDefault(File.Exists);
        if (program is null) { return; }
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async Task<Viewer> Viewer(ColorScheme scheme = ColorScheme.Light, int width = 1280)
    {
        Assert.SkipUnless(_browser is not null, $"no browser: none of {string.Join(", ", Places)} exists (Debian package chromium)");
        var context = await _browser.NewContextAsync(new() { ColorScheme = scheme, ViewportSize = new() { Width = width, Height = 900 } });
        var page = await context.NewPageAsync();
        var viewer = new Viewer(context, page);
        page.Console += (_, message) => { if (message.Type is "error" or "warning") { viewer.Complaints.Add($"{message.Type}: {message.Text}"); } };
        page.PageError += (_, error) => viewer.Complaints.Add($"exception: {error}");
        page.RequestFailed += (_, request) => { if (!request.Failure?.Contains("ABORTED", StringComparison.Ordinal) == true) { viewer.Complaints.Add($"not loaded: {request.Url} {request.Failure}"); } };
        // The network is closed at many users: everything has to come from the host itself.
        page.Request += (_, request) => { if (!request.Url.StartsWith("http://127.0.0.1:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal)) { viewer.Complaints.Add($"from elsewhere: {request.Url}"); } };
        return viewer;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) { await _browser.DisposeAsync(); }
        _playwright?.Dispose();
    }
}
