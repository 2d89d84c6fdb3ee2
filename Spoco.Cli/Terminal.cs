using System.Globalization;
using System.Text;

namespace Spoco.Cli;

/// <summary>
/// What is printed. Names and texts may come from files of others: characters that a terminal obeys instead of showing (escapes, other control
/// characters, marks that turn the direction of writing) are spelled out, and what is longer than a few lines is cut in its middle.
/// </summary>
internal static class Terminal
{
    private const int LongestLine = 500;
    private const int LongestName = 80;

    /// <summary>Prints a line of results.</summary>
    public static void Result(string line) => Console.Out.WriteLine(Line(line));

    /// <summary>Prints a line about what goes on or went wrong.</summary>
    public static void Note(string line) => Console.Error.WriteLine(Line(line));

    /// <summary>A text as one line that is safe to print.</summary>
    public static string Line(string text) => Cut(Spelled(text.ReplaceLineEndings(" ")), LongestLine);

    /// <summary>A name as a part of a line or a cell of a table.</summary>
    public static string Name(string text) => Cut(Spelled(text), LongestName);

    /// <summary>A text of several lines, such as where an exception comes from.</summary>
    public static string Lines(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Spelled));

    private static string Spelled(string text)
    {
        if (!text.Any(IsObeyed))
            return text;
        var spelled = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var isPair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            if (isPair && CharUnicodeInfo.GetUnicodeCategory(text, i) != UnicodeCategory.Format)
                spelled.Append(text[i]).Append(text[++i]);
            else if (IsObeyed(text[i]))
                spelled.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else
                spelled.Append(text[i]);
        }

        return spelled.ToString();
    }

    private static bool IsObeyed(char letter) => char.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;

    /// <summary>The beginning, which names the file, and the end, which often says what is wrong.</summary>
    private static string Cut(string text, int longest)
    {
        if (text.Length <= longest)
            return text;
        var (first, last) = (longest * 2 / 3, longest / 3 - 3);
        if (char.IsHighSurrogate(text[first - 1]))
            first--;
        var start = text.Length - last;
        if (char.IsLowSurrogate(text[start]))
            start++;
        return $"{text[..first]}...{text[start..]}";
    }
}
