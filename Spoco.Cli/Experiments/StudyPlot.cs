using System.Globalization;
using System.Text;
using Spoco.Engine;
using Spoco.Engine.Scores;

namespace Spoco.Cli.Experiments;

/// <summary>
/// Draws a study as SVG: SBD and |DiC| side by side, mean and standard deviation. A study of values is drawn as curves, a line per series; every
/// other one as bars, one per row.
/// </summary>
internal static class StudyPlot
{
    /// <summary>What every plot begins with.</summary>
    internal const string Start = "<svg xmlns=\"http://www.w3.org/2000/svg\" data-software=\"Spoco plot\" ";

    private const int Width = 460, Height = 300, Left = 56, Right = 14, Top = 30, LabelHeight = 14, Ticks = 5;
    private static readonly int[] NiceNumbers = [1, 2, 5, 10];
    private static readonly string[] Colours = ["#4878a8", "#d98c3f", "#5a9e5a", "#b55a5a", "#8a6fb0", "#7a7a7a"];

    public static void Write(string path, Study study, IReadOnlyList<FinishedRow> rows) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Draw(study, rows))));

    public static string Draw(Study study, IReadOnlyList<FinishedRow> rows)
    {
        var series = rows.Select(r => r.Row.Series).Distinct().ToArray();
        var legend = (study.IsCurve ? series.Length : rows.Count) * LabelHeight + 24;
        var svg = new StringBuilder();
        svg.Append(Start);
        svg.Append(CultureInfo.InvariantCulture, $"width=\"{2 * Width}\" height=\"{Height + legend}\" ");
        svg.Append("font-family=\"sans-serif\" font-size=\"11\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (var i = 0; i < 2; i++)
            Panel(svg, i * Width, RunResult.Scores[i].Name, study, rows, series, RunResult.Scores[i].Of);
        for (var i = 0; i < (study.IsCurve ? series.Length : rows.Count); i++)
        {
            var (y, text) = (Height + 16 + i * LabelHeight, study.IsCurve ? series[i] : $"{i + 1}  {rows[i].Row.Label}");
            var colour = study.IsCurve ? Colour(i) : Colour(Array.IndexOf(series, rows[i].Row.Series));
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{y - 8}\" width=\"10\" height=\"8\" fill=\"{colour}\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + 16}\" y=\"{y}\">{Escaped(text)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Panel(
        StringBuilder svg, int left, string name, Study study, IReadOnlyList<FinishedRow> rows, string[] series, Func<RunResult, double> of)
    {
        var spreads = rows.Select(r => r.Score(of)).ToArray();
        var top = NiceCeiling(spreads.Where(s => s.Count > 0).Select(s => s.Mean + s.Deviation).DefaultIfEmpty(1).Max());
        double Y(double value) => Height - 30 - Math.Clamp(value / top, 0, 1) * (Height - 30 - Top);
        var (from, to) = (left + Left, left + Width - Right);
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{from}\" y=\"{Top - 12}\" font-weight=\"bold\">{Escaped(name)}</text>\n");
        for (var i = 0; i <= Ticks; i++)
        {
            var (value, y) = (top * i / Ticks, Y(top * i / Ticks));
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{from}\" y1=\"{y:0.0}\" x2=\"{to}\" y2=\"{y:0.0}\" stroke=\"#dddddd\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{from - 6}\" y=\"{y + 4:0.0}\" text-anchor=\"end\">{value:0.###}</text>\n");
        }

        if (study.IsCurve)
            Curves(svg, from, to, study, rows, series, spreads, Y);
        else
            Bars(svg, from, to, rows, series, spreads, Y);
    }

    private static void Bars(
        StringBuilder svg, int from, int to, IReadOnlyList<FinishedRow> rows, string[] series, Spread[] spreads, Func<double, double> y)
    {
        var step = (to - from) / (double)rows.Count;
        for (var i = 0; i < rows.Count; i++)
        {
            var middle = from + (i + 0.5) * step;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{middle:0.0}\" y=\"{Height - 16}\" text-anchor=\"middle\">{i + 1}</text>\n");
            if (spreads[i].Count == 0)
                continue;
            var top = y(spreads[i].Mean);
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{middle - 0.35 * step:0.0}\" y=\"{top:0.0}\" width=\"{0.7 * step:0.0}\" height=\"{y(0) - top:0.0}\" ");
            svg.Append(CultureInfo.InvariantCulture, $"fill=\"{Colour(Array.IndexOf(series, rows[i].Row.Series))}\"/>\n");
            ErrorBar(svg, middle, spreads[i], y);
        }
    }

    /// <summary>The values stand at equal distances, as they rarely are even.</summary>
    private static void Curves(
        StringBuilder svg, int from, int to, Study study, IReadOnlyList<FinishedRow> rows, string[] series, Spread[] spreads, Func<double, double> y)
    {
        var values = rows.Select(r => r.Row.X!.Value).Distinct().Order().ToArray();
        double X(double value) => from + (Array.IndexOf(values, value) + 0.5) * (to - from) / values.Length;
        foreach (var value in values)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(value):0.0}\" y=\"{Height - 16}\" text-anchor=\"middle\">{value}</text>\n");
        svg.Append(CultureInfo.InvariantCulture,
            $"<text x=\"{(from + to) / 2}\" y=\"{Height - 3}\" text-anchor=\"middle\">{Escaped(study.Heading)}</text>\n");
        for (var s = 0; s < series.Length; s++)
        {
            var points = new List<string>();
            var drawn = Enumerable.Range(0, rows.Count).Where(i => rows[i].Row.Series == series[s] && spreads[i].Count > 0);
            foreach (var i in drawn.OrderBy(i => rows[i].Row.X))
            {
                var (x, middle) = (X(rows[i].Row.X!.Value), y(spreads[i].Mean));
                points.Add(string.Create(CultureInfo.InvariantCulture, $"{x:0.0},{middle:0.0}"));
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.0}\" cy=\"{middle:0.0}\" r=\"3\" fill=\"{Colour(s)}\"/>\n");
                ErrorBar(svg, x, spreads[i], y);
            }

            svg.Append(CultureInfo.InvariantCulture,
                $"<polyline points=\"{string.Join(' ', points)}\" fill=\"none\" stroke=\"{Colour(s)}\" stroke-width=\"1.5\"/>\n");
        }
    }

    private static void ErrorBar(StringBuilder svg, double x, Spread spread, Func<double, double> y)
    {
        if (spread.Deviation == 0)
            return;
        var (high, low) = (y(spread.Mean + spread.Deviation), y(spread.Mean - spread.Deviation));
        svg.Append(CultureInfo.InvariantCulture,
            $"<path d=\"M{x:0.0} {low:0.0}V{high:0.0}M{x - 4:0.0} {high:0.0}h8M{x - 4:0.0} {low:0.0}h8\" stroke=\"black\" fill=\"none\"/>\n");
    }

    /// <summary>The least of 1, 2, 5 times a power of ten that is not below a value.</summary>
    private static double NiceCeiling(double value)
    {
        if (!(value > 0))
            return 1;
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return NiceNumbers.Select(m => m * power).First(nice => nice >= value * (1 - 1e-12));
    }

    private static string Colour(int index) => Colours[index % Colours.Length];

    private static string Escaped(string text) => System.Security.SecurityElement.Escape(text)!;
}
