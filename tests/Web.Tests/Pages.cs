using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Web.Client;

namespace Web.Tests;

/// <summary>Pages rendered without a browser, against a real server.</summary>
public sealed class Pages : IAsyncDisposable
{
    private readonly HttpClient _http;

    public Pages(RunServer server)
    {
        var address = Watching.AddressOf(server.Url);
        _http = new HttpClient { BaseAddress = address.Value };
        Context.JSInterop.Mode = JSRuntimeMode.Loose;
        Charts = Context.JSInterop.SetupModule("./_content/Web/Components/Charts/MetricChart.razor.js");
        Charts.Mode = JSRuntimeMode.Loose;
        Chart = Charts.SetupModule("create", _ => true);
        Chart.Mode = JSRuntimeMode.Loose;
        Context.Services.AddMudServices(options => options.PopoverOptions.CheckForPopoverProvider = false);
        Context.Services.AddSingleton(address);
        Context.Services.AddSingleton(TimeProvider.System);
        Context.Services.AddSingleton(new RunsApi(_http));
        Context.Services.AddScoped<Browser>();
    }

    public BunitContext Context { get; } = new();

    public BunitJSModuleInterop Charts { get; }

    /// <summary>What was told to the charts.</summary>
    public BunitJSModuleInterop Chart { get; }

    public IRenderedComponent<T> Open<T>(Action<ComponentParameterCollectionBuilder<T>>? parameters = null) where T : IComponent => Context.Render(parameters ?? (_ => { }));

    public string Address => Context.Services.GetRequiredService<NavigationManager>().Uri;

    public async ValueTask DisposeAsync()
    {
        await Context.DisposeAsync();
        _http.Dispose();
    }
}
