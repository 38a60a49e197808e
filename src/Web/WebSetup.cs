using System.Reflection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.FileProviders;
using MudBlazor;
using MudBlazor.Services;
using Web.Client;
using Web.Components;

namespace Web;

/// <summary>
/// Puts the dashboard into a host. A host without Razor files of its own needs <c>RequiresAspNetWebAssets</c> in its project file,
/// else Blazor's script is not part of its assets.
/// </summary>
public static class WebSetup
{
    public static void AddWeb(this WebApplicationBuilder builder)
    {
        FindAssets(builder);
        // Several lines a request say nothing about runs.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Services.AddOptions<ApiOptions>().BindConfiguration("Api")
            .Validate(options => options.IsValid, "setting Api:Url: needed an absolute http or https address, or nothing when the API runs in this host")
            .ValidateOnStart();
        builder.Services.AddSingleton<ApiAddress>();
        // The client's own log lines, four a request, would drown the host's.
        builder.Services.AddHttpClient<RunsApi>((services, client) =>
        {
            var address = services.GetRequiredService<ApiAddress>();
            client.BaseAddress = address.Value;
            if (address.Secret is { } key) { client.DefaultRequestHeaders.Authorization = new("Bearer", key); }
            client.Timeout = TimeSpan.FromSeconds(20);
        }).RemoveAllLoggers();

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddScoped<Browser>();
        builder.Services.AddMudServices(mud => mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomCenter);
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
    }

    public static void MapWeb(this WebApplication app)
    {
        if (app.Services.GetRequiredService<ApiAddress>().Secret is { } key) { app.Use(new DashboardLogin(key).Admit); }

        // Only for people's unknown addresses: an API in the same host answers its own with problem details.
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            if (!IsPageRequest(context) && context.Features.Get<IStatusCodePagesFeature>() is { } pages) { pages.Enabled = false; }
            return next(context);
        });
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
    }

    /// <summary>Our files lie at the root when Web runs alone, and below our name in another host.</summary>
    public static string Asset(string path) =>
        Assembly.GetEntryAssembly() == typeof(WebSetup).Assembly ? path : $"_content/{typeof(WebSetup).Assembly.GetName().Name}/{path}";

    private static bool IsPageRequest(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method)
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !context.Request.Path.StartsWithSegments("/api")
        && !context.Request.Path.StartsWithSegments("/hubs")
        && !context.Request.Path.StartsWithSegments("/health");

    private static void FindAssets(WebApplicationBuilder builder)
    {
        // Published, the assets are files beside the program, wherever it was started from.
        var beside = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        if (!Directory.Exists(builder.Environment.WebRootPath) && Directory.Exists(beside))
        {
            builder.Environment.WebRootPath = beside;
            builder.Environment.WebRootFileProvider = new PhysicalFileProvider(beside);
        }

        // Not published, they are found through the build's manifest; by itself the host reads that in Development only.
        builder.WebHost.UseStaticWebAssets();
    }
}
