using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>A point as kernels see it.</summary>
internal readonly struct PointView(ArrayView<float> values, long first, int stride)
{
    /// <summary>Where its components lie.</summary>
    public readonly ArrayView<float> Values = values;

    /// <summary>Where the first one is.</summary>
    public readonly long First = first;

    /// <summary>How far each is from the one before.</summary>
    public readonly int Stride = stride;

    /// <summary>The squared distance to another point: sum over components of (x - y)^2, from the first to the last.</summary>
    public float SquareTo(PointView other, int dimensions)
    {
        long x = First, y = other.First;
        var sum = 0f;
        for (var c = 0; c < dimensions; c++)
        {
            var difference = Values[x] - other.Values[y];
            sum += difference * difference;
            x += Stride;
            y += other.Stride;
        }

        return sum;
    }

    /// <summary>The squared distance to a point of double precision, whose components lie side by side.</summary>
    public double SquareTo(ArrayView<double> other, long first, int dimensions)
    {
        var x = First;
        var sum = 0.0;
        for (var c = 0; c < dimensions; c++)
        {
            var difference = Values[x] - other[first + c];
            sum += difference * difference;
            x += Stride;
        }

        return sum;
    }
}
