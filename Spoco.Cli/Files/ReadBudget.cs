using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// How much memory an image may take once it is decoded: a small file may declare, and deflate to, far more than there is. Decoders ask before they
/// allocate.
/// </summary>
internal static class ReadBudget
{
    // As it flows with the call, a command's limit holds in the threads that it starts and in no other command.
    private static readonly AsyncLocal<long?> Set = new();

    /// <summary>Bytes of one decoded image; half of the machine's memory unless a command says otherwise.</summary>
    public static long Bytes
    {
        get => Set.Value ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        set => Set.Value = value;
    }

    /// <summary>Refuses an image that would take more.</summary>
    /// <param name="path">The file.</param>
    /// <param name="depth">Slices.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Values per voxel.</param>
    /// <param name="valueBytes">Bytes of a value.</param>
    public static void Require(string path, long depth, long height, long width, long channels, int valueBytes)
    {
        var need = (UInt128)(ulong)depth * (ulong)height * (ulong)width * (ulong)channels * (ulong)valueBytes;
        if (need > (ulong)Math.Max(0, Bytes))
            throw new InputException($"{path}: {depth} x {height} x {width} voxels with {channels} channel(s) "
                + $"would take {Text(need)} of memory once decoded; "
                + $"{Text((UInt128)(ulong)Bytes)} are allowed.");
    }

    private static string Text(UInt128 bytes) => bytes < 1 << 20 ? $"{(bytes + 1023) / 1024} KiB"
        : bytes < 1 << 30 ? $"{(bytes + (1 << 20) - 1) / (1 << 20)} MiB"
        : FormattableString.Invariant($"{(double)bytes / (1 << 30):0.0} GiB");
}
