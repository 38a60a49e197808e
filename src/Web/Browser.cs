using System.Globalization;
using Microsoft.JSInterop;

namespace Web;

public enum ThemeChoice
{
    /// <summary>As the operating system has it.</summary>
    System,
    Light,
    Dark,
}

/// <summary>What only the browser knows: theme, time zone, clipboard. One for each circuit.</summary>
public sealed class Browser(IJSRuntime js) : IAsyncDisposable
{
    private IJSObjectReference? _module;
    private DotNetObjectReference<Browser>? _self;
    private TimeZoneInfo _zone = TimeZoneInfo.Utc;
    private bool _systemIsDark;

    public event Action? ThemeChanged;

    public bool IsReady { get; private set; }
    public ThemeChoice Theme { get; private set; }
    public bool IsDark => Theme == ThemeChoice.Dark || (Theme == ThemeChoice.System && _systemIsDark);

    public async Task Start()
    {
        _self = DotNetObjectReference.Create(this);
        _module = await js.InvokeAsync<IJSObjectReference>("import", "./" + WebSetup.Asset("app.js"));
        var facts = await _module.InvokeAsync<Facts>("start", _self);
        _systemIsDark = facts.SystemIsDark;
        Theme = Enum.TryParse<ThemeChoice>(facts.Theme, ignoreCase: true, out var theme) ? theme : ThemeChoice.System;
        _zone = Zone(facts);
        IsReady = true;
    }

    public async Task Choose(ThemeChoice theme)
    {
        Theme = theme;
        ThemeChanged?.Invoke();
        if (_module is not null) { await _module.InvokeVoidAsync("rememberTheme", theme.ToString()); }
    }

    public async Task<bool> Copy(string text) => _module is not null && await _module.InvokeAsync<bool>("copy", text);

    [JSInvokable]
    public void SystemThemeChanged(bool dark)
    {
        _systemIsDark = dark;
        ThemeChanged?.Invoke();
    }

    /// <summary>A moment by the browser's clock: "Nov 23 18:25".</summary>
    public string Moment(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, _zone).ToString("MMM d HH:mm", CultureInfo.InvariantCulture);

    public string MomentWithSeconds(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, _zone).ToString("MMM d HH:mm:ss", CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_module is not null) { await _module.DisposeAsync(); }
        }
        catch (JSDisconnectedException)
        {
            // The browser went first.
        }

        _self?.Dispose();
    }

    private static TimeZoneInfo Zone(Facts facts) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(facts.Zone, out var zone)
            ? zone
            // A machine without zone files: the offset of today must do.
            : TimeZoneInfo.CreateCustomTimeZone("browser", TimeSpan.FromMinutes(-facts.OffsetMinutes), null, null);

    private sealed record Facts(string Theme, bool SystemIsDark, string Zone, int OffsetMinutes);
}
