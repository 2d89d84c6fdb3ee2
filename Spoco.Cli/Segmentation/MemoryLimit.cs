using System.Globalization;
using Spoco.Cli.Files;
using Spoco.Engine;
using Spoco.Engine.Segmentation;

namespace Spoco.Cli.Segmentation;

/// <summary>What <c>--memory</c> says, and what it is compared with.</summary>
internal static class MemoryLimit
{
    /// <summary>The runtime, its libraries, and what files are read and written through.</summary>
    public const long Program = 160L << 20;

    /// <summary>Bytes that this process may have.</summary>
    public static long Machine { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>Half of what the machine has.</summary>
    public static long Default => Machine / 2;

    /// <summary>Bytes, as in <c>2GiB</c>, <c>512MiB</c>, <c>1.5 GB</c>; a number alone counts GiB.</summary>
    /// <exception cref="InputException">The text is none.</exception>
    public static long Parse(string text)
    {
        var number = text.TrimEnd([.. "KMGTiB "]);
        double? unit = text[number.Length..].Trim() switch
        {
            "" or "GiB" or "G" => 1L << 30,
            "MiB" or "M" => 1L << 20,
            "KiB" or "K" => 1L << 10,
            "TiB" or "T" => 1L << 40,
            "GB" => 1e9,
            "MB" => 1e6,
            _ => null,
        };
        return unit is { } factor && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0 && value * factor is >= 1 and < 1e15
            ? (long)(value * factor)
            : throw new InputException($"--memory: expected bytes like 2GiB or 512MiB, got '{text}'.");
    }

    /// <summary>What is said where <c>--memory</c> is too little: how much is enough.</summary>
    /// <param name="file">What is computed.</param>
    /// <param name="limit">What <c>--memory</c> says.</param>
    /// <param name="needed">What is enough.</param>
    /// <param name="cause">Who says so.</param>
    /// <param name="folder">Where blocks may be kept; null = none are.</param>
    public static InputException TooLittle(string file, long limit, long needed, InsufficientMemoryLimitException cause, string? folder = null) => new(
        $"{file}: --memory is {limit >> 20}MiB; --memory {(needed >> 20) + 1}MiB is enough."
        + (Directory.Exists(folder) ? $" {folder} keeps the blocks that are done; the same command with more memory goes on from there." : ""), cause);

    /// <summary>What a limit leaves: beside the program for an image and a computation, and of that for the computation.</summary>
    /// <param name="file">The image.</param>
    /// <param name="header">What it says of itself.</param>
    /// <param name="limit">What <c>--memory</c> says.</param>
    /// <exception cref="InputException">Nothing is left for the computation.</exception>
    public static (long Room, long Left) Beside(string file, ImageHeader header, long limit)
    {
        var room = limit - Program;
        var left = room - ImageParts.Bytes(file, header, room);
        return left > 0 ? (room, left) : throw new InputException(
            $"{file}: --memory is {Gibibytes(limit)} GiB; the image itself and the program need {Gibibytes(limit - left)}, and the computation some more.");
    }

    /// <summary>The limit at which a computation gets so many bytes beside the program and the image.</summary>
    /// <param name="needed">Bytes for the computation.</param>
    /// <param name="image">Bytes that the image takes of what the program leaves: the more there is, the more it keeps.</param>
    public static long Enough(long needed, Func<long, long> image)
    {
        var room = needed;
        while (room - image(room) is var left && left < needed)
            room += needed - left;
        return Program + room;
    }

    /// <summary>Bytes as a number of GiB.</summary>
    public static string Gibibytes(long bytes) => (bytes / (double)(1 << 30)).ToString("f2", CultureInfo.InvariantCulture);
}
