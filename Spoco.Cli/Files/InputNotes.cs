using System.Collections.Concurrent;

namespace Spoco.Cli.Files;

/// <summary>Lines on standard error about inputs that are read, but not as someone may expect.</summary>
internal static class InputNotes
{
    // A training reads an image again and again.
    private static readonly ConcurrentDictionary<string, bool> Said = new();

    /// <summary>Says a line, the first time only.</summary>
    public static void Once(string line)
    {
        if (Said.TryAdd(line, true))
            Terminal.Note($"spoco: {line}");
    }
}
