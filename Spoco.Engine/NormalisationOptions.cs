using System.Globalization;

namespace Spoco.Engine;

/// <summary>How the numbers of an image become what a network sees.</summary>
public enum NormalisationKind
{
    /// <summary>Mean 0 and deviation 1, one pair for all channels.</summary>
    ZScore,

    /// <summary>Mean 0 and deviation 1 of every channel.</summary>
    ZScorePerChannel,

    /// <summary>Every channel is cut at two of its percentiles; then <see cref="ZScore"/>.</summary>
    Percentile,

    /// <summary>A given mean is subtracted, and the rest divided by a given deviation.</summary>
    Fixed,

    /// <summary>Nothing is changed.</summary>
    None,
}

/// <summary>
/// How images are normalised; stored in every model, so that whoever applies it does what its training did. The default is that of models that say nothing.
/// </summary>
public sealed record NormalisationOptions
{
    private const char Separator = ',';
    private static readonly (string Name, NormalisationKind Kind)[] Names =
    [
        ("zscore", NormalisationKind.ZScore), ("zscore-per-channel", NormalisationKind.ZScorePerChannel),
        ("percentile", NormalisationKind.Percentile), ("fixed", NormalisationKind.Fixed), ("none", NormalisationKind.None),
    ];

    /// <summary>How the shift and the scale of the intensities are found.</summary>
    public NormalisationKind Kind { get; init; }

    /// <summary><see cref="NormalisationKind.Percentile"/>: the lower percentile, 0 to 100.</summary>
    public double Low { get; init; }

    /// <summary><see cref="NormalisationKind.Percentile"/>: the upper percentile, 0 to 100.</summary>
    public double High { get; init; } = 100;

    /// <summary>
    /// <see cref="NormalisationKind.Percentile"/>: how far outside of the two percentiles values are cut, in their distance. With 0, whatever is
    /// rarer than the percentiles looks like them: hot pixels, but small and bright objects too.
    /// </summary>
    public double Margin { get; init; }

    /// <summary><see cref="NormalisationKind.Fixed"/>: one for all channels, or one for each.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [];

    /// <summary><see cref="NormalisationKind.Fixed"/>: as many.</summary>
    public IReadOnlyList<double> Deviation { get; init; } = [];

    /// <summary>Normalised values are cut at minus and plus this; null: they are not.</summary>
    public double? Clip { get; init; }

    /// <summary>
    /// Reads <c>zscore</c>, <c>zscore-per-channel</c>, <c>percentile(LOW,HIGH)</c> or <c>percentile(LOW,HIGH,MARGIN)</c>,
    /// <c>fixed(MEAN,DEVIATION)</c> or, for several channels, <c>fixed(MEAN,...,DEVIATION,...)</c>, or <c>none</c>.
    /// </summary>
    /// <exception cref="InputException">The text is none of them.</exception>
    public static NormalisationOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var name = open < 0 ? text : text[..open];
        var numbers = Array.Empty<double>();
        if (open >= 0)
        {
            var parts = text.EndsWith(')') ? text[(open + 1)..^1].Split(Separator) : [""];
            numbers = new double[parts.Length];
            for (var i = 0; i < parts.Length; i++)
            {
                if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]))
                    throw Unknown(text);
            }
        }

        var known = Array.Find(Names, n => n.Name == name);
        NormalisationOptions options = (known.Name, numbers) switch
        {
            ("percentile", [var low, var high]) => new() { Kind = NormalisationKind.Percentile, Low = low, High = high },
            ("percentile", [var low, var high, var margin]) => new() { Kind = NormalisationKind.Percentile, Low = low, High = high, Margin = margin },
            ("fixed", { Length: > 0 } given) when given.Length % 2 == 0 => new()
            {
                Kind = NormalisationKind.Fixed, Mean = given[..(given.Length / 2)], Deviation = given[(given.Length / 2)..],
            },
            ("zscore" or "zscore-per-channel" or "none", []) => new() { Kind = known.Kind },
            _ => throw Unknown(text),
        };
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException e)
        {
            throw new InputException(e.Message, e);
        }

        static InputException Unknown(string text) => new(
            $"Normalisation: '{text}' is none of zscore, zscore-per-channel, percentile(low,high), percentile(low,high,margin), "
            + "fixed(mean,deviation), none.");
    }

    /// <summary>Checks every rule.</summary>
    /// <exception cref="ArgumentException">A rule is broken.</exception>
    public void Validate()
    {
        if (!(Low >= 0 && Low < High && High <= 100))
            throw new ArgumentException($"Normalisation: percentiles rise from 0 to 100, got {Text(Low)} and {Text(High)}.");
        if (!(Margin >= 0 && Margin <= float.MaxValue))
            throw new ArgumentException($"Normalisation: the margin is a number from 0, got {Text(Margin)}.");
        if (Kind == NormalisationKind.Fixed && (Mean.Count == 0 || Mean.Count != Deviation.Count))
            throw new ArgumentException(
                $"Normalisation: a mean and a deviation for all channels or for each, got {Mean.Count} and {Deviation.Count}.");
        if (!Mean.All(double.IsFinite) || !Deviation.All(d => d > 0 && double.IsFinite(d)))
            throw new ArgumentException("Normalisation: means are finite numbers and deviations numbers above 0.");
        if (Clip is not (null or (> 0 and <= float.MaxValue)))
            throw new ArgumentException($"Normalisation: values are cut at a number above 0, got {Text(Clip.Value)}.");
    }

    /// <summary>The text that <see cref="Parse"/> reads; it does not say where values are cut in the end.</summary>
    public override string ToString()
    {
        double[] numbers = Kind switch
        {
            NormalisationKind.Percentile => Margin > 0 ? [Low, High, Margin] : [Low, High],
            NormalisationKind.Fixed => [.. Mean, .. Deviation],
            _ => [],
        };
        var name = Array.Find(Names, n => n.Kind == Kind).Name;
        return numbers.Length == 0 ? name : $"{name}({string.Join(Separator, numbers.Select(Text))})";
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
