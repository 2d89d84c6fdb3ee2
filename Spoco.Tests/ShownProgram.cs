namespace Spoco.Tests;

/// <summary>Programs that documents show, and that are compiled and run here: their text must be the same.</summary>
internal static class ShownProgram
{
    /// <summary>The project's folder.</summary>
    public static string Project
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Spoco.sln")))
                folder = folder.Parent;
            if (folder is null)
                Assert.Ignore("The documents are not here: the tests run outside the project's folder.");
            return folder!.FullName;
        }
    }

    /// <summary>The program that a file of the tests holds between its own lines, with the usings of the file, as a program of its own.</summary>
    /// <param name="file">The file within the project's folder.</param>
    public static string TextOf(params string[] file)
    {
        var compiled = File.ReadAllLines(Path.Combine([Project, .. file]));
        var body = compiled.SkipWhile(line => !line.Contains("program begins", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.Contains("It ends", StringComparison.Ordinal)).Select(line => line.Length > 0 ? line[8..] : line);
        return string.Join('\n', [.. compiled.TakeWhile(line => line.StartsWith("using ", StringComparison.Ordinal)), "", .. body]);
    }

    /// <summary>Checks that a document shows a program, as a block of code.</summary>
    /// <param name="document">The document within the project's folder.</param>
    /// <param name="program">The program.</param>
    public static void AssertIsIn(string document, string program) => Assert.That(
        File.ReadAllText(Path.Combine(Project, document)), Does.Contain(string.Join('\n', program.Split('\n').Select(line => line.Length > 0 ? "    " + line : line))));
}
