namespace Spoco.Cli.Pictures;

/// <summary>Maps values to 0 .. 255 so that a given part of them ends up at each end.</summary>
internal readonly record struct ValueStretch(float Low, float High)
{
    /// <summary>Stretches the range from the quantile <paramref name="part"/> to the quantile 1 - <paramref name="part"/>.</summary>
    public static ValueStretch Of(ReadOnlySpan<float> values, double part)
    {
        var sorted = values.ToArray();
        Array.Sort(sorted);
        return new ValueStretch(sorted[(int)(part * (sorted.Length - 1))], sorted[(int)Math.Ceiling((1 - part) * (sorted.Length - 1))]);
    }

    /// <summary>A constant image, and a value that is not a number, are black.</summary>
    public byte Apply(float value) => High > Low && value > Low ? (byte)Math.Min(255, (value - Low) / (High - Low) * 255 + 0.5f) : (byte)0;
}
