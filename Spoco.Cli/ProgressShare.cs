namespace Spoco.Cli;

/// <summary>The part of a longer work's display that one of its steps reports to.</summary>
/// <param name="Display">The display of the whole work.</param>
/// <param name="Before">Steps that were done before this part.</param>
/// <param name="Prefix">What is going on, in front of every detail.</param>
internal sealed record ProgressShare(ProgressDisplay Display, long Before = 0, string Prefix = "")
{
    public double Speed(long done) => Display.Speed(Before + done);

    public void Report(long done, Func<string> detail) => Display.Report(Before + done, () => Prefix + detail());

    public void Note(string line) => Display.Note(line);
}
