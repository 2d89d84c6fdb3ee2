namespace Spoco.Tests.Cuda;

/// <summary>A kernel as its text says.</summary>
/// <param name="Name">Its entry.</param>
/// <param name="Parameters">Where each parameter lies in what it is launched with, and its bytes.</param>
/// <param name="Instructions">In the order of the text.</param>
/// <param name="Registers">How many registers there are, those of constants included.</param>
/// <param name="Predicates">How many predicates there are.</param>
/// <param name="Constants">Registers that always hold the same.</param>
/// <param name="SharedBytes">Shared memory of a group.</param>
/// <param name="MostThreads">Threads of a group that it is made for; 0 = any number.</param>
internal sealed record PtxKernel(
    string Name, IReadOnlyDictionary<string, (int Offset, int Bytes)> Parameters, PtxInstruction[] Instructions, int Registers, int Predicates,
    IReadOnlyDictionary<int, ulong> Constants, int SharedBytes, int MostThreads)
{
    /// <summary>Registers that hold where a thread is, in the order of <see cref="PtxReader.Places"/>.</summary>
    public const int FirstPlace = 0;

    /// <summary>Bytes of all parameters.</summary>
    public int ParameterBytes => Parameters.Count == 0 ? 0 : Parameters.Values.Max(p => p.Offset + p.Bytes);
}
