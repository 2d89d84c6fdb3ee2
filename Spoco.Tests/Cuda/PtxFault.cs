namespace Spoco.Tests.Cuda;

/// <summary>What a GPU does not do: an address outside memory, a barrier that not all reach, an instruction that is not known.</summary>
internal sealed class PtxFault(string message) : Exception(message);
