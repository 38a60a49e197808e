namespace Worker;

/// <summary>Another living process has the name, or the data folder, that this one wants.</summary>
public sealed class NameTakenException(string message, Exception inner) : Exception(message, inner);
