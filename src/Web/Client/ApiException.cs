namespace Web.Client;

/// <summary>The API refused, or did not answer; the message is for people.</summary>
public sealed class ApiException : Exception
{
    public ApiException(string message, Exception? inner = null) : base(message, inner) => Unreachable = true;

    public ApiException(string message, int status, IReadOnlyDictionary<string, string[]> errors) : base(message)
    {
        Errors = errors;
        Unreachable = status is 502 or 503 or 504;
    }

    /// <summary>Trying again later may help.</summary>
    public bool Unreachable { get; }

    /// <summary>Faults by the JSON path of the field.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; } = new Dictionary<string, string[]>();
}
