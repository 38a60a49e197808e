namespace DeepGnn.Datasets;

/// <summary>A run asks for data that cannot be: the fault is the spec's, not the files'.</summary>
/// <param name="path">JSON path of the fault, as "$.data.split".</param>
/// <param name="message">What was found and what is needed.</param>
public sealed class DataSpecException(string path, string message) : Exception($"{path}: {message}");
