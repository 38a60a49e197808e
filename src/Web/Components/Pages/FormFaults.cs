using Contracts;
using Web.Client;

namespace Web.Components.Pages;

/// <summary>
/// Faults of a form by JSON path: those the shared rules find as one types, texts that are no numbers, and what the server sent back,
/// which stays until the form changes. A field shows only its own; what no field shows is left over, for the top of the form.
/// </summary>
public sealed class FormFaults
{
    private readonly HashSet<string> _fields = [];
    private readonly Dictionary<string, string> _unreadable = [];
    private Dictionary<string, string> _found = [];
    private Dictionary<string, string> _sent = [];

    public bool Any => _found.Count + _unreadable.Count > 0;

    public IEnumerable<string> LeftOver => _found.Concat(_sent).Where(fault => !_fields.Contains(fault.Key)).Select(fault => $"{fault.Key}: {fault.Value}").Distinct();

    public void Check(RunSpec spec)
    {
        _found = RunSpecValidation.Faults(spec).GroupBy(fault => fault.Path).ToDictionary(faults => faults.Key, faults => faults.First().Message);
        _sent = [];
    }

    public void Take(ApiException refusal) => _sent = refusal.Errors.ToDictionary(fault => fault.Key, fault => string.Join("; ", fault.Value));

    public void Unreadable(string path, string? message)
    {
        if (message is null) { _unreadable.Remove(path); } else { _unreadable[path] = message; }
    }

    /// <summary>The field is shown no more.</summary>
    public void Forget(string path)
    {
        _fields.Remove(path);
        _unreadable.Remove(path);
    }

    public bool AtAny(params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            if (At(path) is not null) { return true; }
        }

        return false;
    }

    /// <summary>The fault of a field, or null. Asking also tells that the field is shown.</summary>
    public string? At(string path)
    {
        _fields.Add(path);
        return _unreadable.GetValueOrDefault(path) ?? _found.GetValueOrDefault(path) ?? _sent.GetValueOrDefault(path);
    }
}
