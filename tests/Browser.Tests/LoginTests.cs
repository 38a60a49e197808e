using Microsoft.Playwright;
using Testing;

namespace Browser.Tests;

/// <summary>The service where it asks for keys: the dashboard lets in who knows its key, and shows the API's runs with it.</summary>
public sealed class LoginTests(Chromium chromium)
{
    private const string Key = "an-admin-key-that-nobody-can-guess-0123456789";

    [Fact]
    public async Task A_person_opens_the_dashboard_with_its_key_and_nobody_without()
    {
        using var folder = TestFolders.NewTemporary();
        using var service = await HostProcess.Start("Standalone/gnnservice.dll", new Dictionary<string, string> { ["Gnn__Keys"] = "required", ["Gnn__AdminKey"] = Key }, "--data", folder.Path);
        await using var viewer = await chromium.Viewer(ColorScheme.Light, width: 360);
        await viewer.Open($"{service.Url}/runs/new");
        var field = viewer.Page.GetByLabel("The dashboard's key");

        await field.FillAsync("not the key");
        await field.PressAsync("Enter");
        await viewer.Page.GetByRole(AriaRole.Alert).GetByText("That key does not open the dashboard").WaitForAsync();
        Assert.Empty(await viewer.Page.Context.CookiesAsync());

        await field.FillAsync(Key);
        await viewer.Click(AriaRole.Button, "Open");
        await viewer.Page.GetByText("No runs yet").WaitForAsync(new() { Timeout = 60_000 });
        var cookie = Assert.Single(await viewer.Page.Context.CookiesAsync(), each => each.Name == "gnn_dashboard");
        Assert.Equal((true, SameSiteAttribute.Strict), (cookie.HttpOnly, cookie.SameSite));
        Assert.DoesNotContain(Key, cookie.Value + viewer.Page.Url + service.Log, StringComparison.Ordinal);

        await viewer.Page.Context.ClearCookiesAsync();
        await viewer.Page.ReloadAsync();
        await field.WaitForAsync();
    }
}
