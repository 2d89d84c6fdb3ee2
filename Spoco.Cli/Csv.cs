namespace Spoco.Cli;

/// <summary>Tables as comma-separated values (RFC 4180).</summary>
internal static class Csv
{
    /// <summary>A text as one cell: quoted where it holds what would end the cell.</summary>
    public static string Cell(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
