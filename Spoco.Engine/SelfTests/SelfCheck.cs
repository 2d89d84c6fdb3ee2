using Spoco.Kernels;

namespace Spoco.Engine.SelfTests;

/// <summary>Values that a check compares, and what they are.</summary>
/// <param name="Name">For the message where they are wrong.</param>
/// <param name="Values">The values.</param>
internal readonly record struct CheckedArray(string Name, float[] Values);

/// <summary>One computation of a self test, done on the device and once more elsewhere.</summary>
/// <param name="Operation">The name of the operation: that of its class.</param>
/// <param name="Case">What is special about it: shapes, variants.</param>
/// <param name="Bound">Largest error of an array, relative to its largest value; 0 = the same values.</param>
/// <param name="Compute">Does it, with data that are the same whenever it is asked.</param>
internal sealed record SelfCheck(string Operation, string Case, double Bound, Func<ComputeDevice, CheckedArray[]> Compute)
{
    /// <summary>Whether it takes longer than a simulator of a GPU should be asked for, or a quick test.</summary>
    public bool IsLarge { get; init; }

    /// <summary>Whether it is a computation that the host has no use for, and does not do.</summary>
    public bool IsOfGpus { get; init; }

    /// <summary>Whether it is a computation in matrix units, for devices that have them.</summary>
    public bool IsOfMatrixUnits { get; init; }

    /// <summary>What the result is by definition, where that is computed without any device; null = what the other device says.</summary>
    public Func<CheckedArray[]>? Definition { get; init; }

    /// <summary>
    /// The largest error of all arrays, each relative to the largest value expected of it (absolute where that is 0), and where it is. A number against one that
    /// is infinite or none is an infinite error, and so is another length.
    /// </summary>
    public static (double Error, string Where) Compare(CheckedArray[] actual, CheckedArray[] expected)
    {
        if (actual.Length != expected.Length)
            return (double.PositiveInfinity, $"{actual.Length} results instead of {expected.Length}");
        var (error, where) = (0.0, "");
        for (var a = 0; a < actual.Length; a++)
        {
            var (name, values, wanted) = (expected[a].Name, actual[a].Values, expected[a].Values);
            if (values.Length != wanted.Length)
                return (double.PositiveInfinity, $"{name}: {values.Length} values instead of {wanted.Length}");
            double scale = wanted.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
            if (scale == 0)
                scale = 1;
            for (var i = 0; i < values.Length; i++)
            {
                var difference = values[i].Equals(wanted[i]) ? 0 : Math.Abs((double)values[i] - wanted[i]) / scale;
                if (double.IsNaN(difference))
                    difference = double.PositiveInfinity;
                if (difference > error)
                    (error, where) = (difference, FormattableString.Invariant($"{name}[{i}] is {values[i]:g6}, expected {wanted[i]:g6}"));
            }
        }

        return (error, where);
    }
}

/// <summary>How far a device is from the reference in one check, and whether that is right.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="Case">Shape and variant that it was computed for.</param>
/// <param name="Error">Largest error of an array, relative to its largest value; NaN where there is no result.</param>
/// <param name="Bound">Largest error that counts as right.</param>
/// <param name="Time">What the device took, compilation of its kernels included.</param>
/// <param name="Problem">What is wrong, in one line; null = nothing.</param>
public sealed record SelfCheckResult(string Operation, string Case, double Error, double Bound, TimeSpan Time, string? Problem)
{
    /// <summary>Whether the result is right.</summary>
    public bool Passed => Problem is null;
}
