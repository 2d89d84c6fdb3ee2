using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Spoco.Cli;

/// <summary>
/// Shows how far a long work is: a bar with the time left on a terminal, else a line now and then. Everything goes to the error stream, so that
/// the output stream holds results alone.
/// </summary>
internal sealed class ProgressDisplay
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(15);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly IAnsiConsole _console;
    private readonly ProgressTask? _bar;
    private readonly string _title;
    private long _start;
    private long _total;
    private TimeSpan _nextLine;

    private ProgressDisplay(IAnsiConsole console, string title, long start, long total, ProgressTask? bar)
    {
        _console = console;
        _title = title;
        _start = start;
        _total = total;
        _bar = bar;
    }

    /// <summary>Steps per second since the start of this run.</summary>
    public double Speed(long done) => (done - _start) / Math.Max(_clock.Elapsed.TotalSeconds, 1e-3);

    /// <summary>Runs <paramref name="work"/>, which reports to the display it is given.</summary>
    /// <param name="title">What is going on.</param>
    /// <param name="start">Steps done before, by an earlier run.</param>
    /// <param name="total">Steps in all.</param>
    /// <param name="work">The work.</param>
    public static T Run<T>(string title, long start, long total, Func<ProgressDisplay, T> work)
    {
        var console = ErrorConsole();
        if (!console.Profile.Capabilities.Interactive)
            return work(new ProgressDisplay(console, title, start, total, null));
        return console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var bar = context.AddTask(Markup.Escape(title), maxValue: total);
                bar.Value = start;
                return work(new ProgressDisplay(console, title, start, total, bar));
            });
    }

    /// <summary>The error stream as Spectre.Console sees it.</summary>
    public static IAnsiConsole ErrorConsole() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Says that <paramref name="done"/> steps are done.</summary>
    /// <param name="done">Steps, those of earlier runs included.</param>
    /// <param name="detail">Made only when it is shown.</param>
    public void Report(long done, Func<string> detail)
    {
        if (_bar is not null)
        {
            _bar.Value = done;
            _bar.Description = Markup.Escape(Terminal.Line($"{_title} {done}/{_total}  {detail()}"));
            return;
        }

        if (_clock.Elapsed < _nextLine && done < _total)
            return;
        _nextLine = _clock.Elapsed + LineInterval;
        Terminal.Note($"{_title} {done}/{_total}  {detail()}  {TimeLeft(done)}");
    }

    /// <summary>Says how much there is to do, where that turns out only now.</summary>
    /// <param name="start">Steps done before, by an earlier run.</param>
    /// <param name="total">Steps in all.</param>
    public void Expect(long start, long total)
    {
        (_start, _total) = (start, total);
        _clock.Restart();
        _nextLine = default;
        if (_bar is not null)
            (_bar.MaxValue, _bar.Value) = (total, start);
    }

    /// <summary>A line that stays.</summary>
    public void Note(string line)
    {
        // On the bar's own console: the thread that redraws the bar takes turns with it.
        if (_bar is not null)
            _console.MarkupLineInterpolated($"{Terminal.Line(line)}");
        else
            Terminal.Note(line);
    }

    private string TimeLeft(long done)
    {
        if (done >= _total)
            return string.Create(CultureInfo.InvariantCulture, $"done in {_clock.Elapsed:h\\:mm\\:ss}");
        if (done <= _start)
            return "";
        var left = TimeSpan.FromSeconds((_total - done) / Speed(done));
        return string.Create(CultureInfo.InvariantCulture, $"{left:h\\:mm\\:ss} left");
    }
}
