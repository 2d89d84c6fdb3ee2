using System.Globalization;

namespace Spoco.Cli.Files;

/// <summary>Names that are equal to the eye only: macOS writes an accent apart from its letter, most others write both as one character.</summary>
internal static class Accents
{
    /// <summary>A part of a sentence about names that do not match; empty where none of them has an accent of its own.</summary>
    public static string Hint(IEnumerable<string> names) => names.Any(name => name.Any(IsAccent))
        ? " (accents apart from their letters, as macOS writes them, make another name; "
            + "\"convmv -f utf8 -t utf8 --nfc --notest -r FOLDER\" renames)"
        : "";

    private static bool IsAccent(char letter) => char.GetUnicodeCategory(letter) == UnicodeCategory.NonSpacingMark;
}
