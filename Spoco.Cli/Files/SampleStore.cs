using System.Numerics;
using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// Turns the samples a file holds, of any type, into <see cref="float"/> (images: every value must be finite) or <see cref="int"/> (labels: every
/// value must be a whole number from 0 to 2147483647). Images whose samples are of no other type may stay <see cref="byte"/> or <see cref="ushort"/>.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="box">Which box of the image the values are, in order, [D, H, W, C].</param>
/// <param name="channels">Values per voxel.</param>
/// <param name="flat">Whether the image has one slice only, which is then not named in errors.</param>
/// <param name="ignored">The one negative label that is allowed, if any.</param>
internal sealed class SampleStore<T>(string path, VoxelBox box, int channels, bool flat, int? ignored) where T : unmanaged
{
    private readonly int? _ignored = ignored < 0 ? ignored : null;

    /// <summary>Stores native-endian samples; see <see cref="Store{TSample}"/>.</summary>
    public void Store(ReadOnlySpan<byte> samples, SampleType type, Span<T> values, long first, int group, int stride)
    {
        switch (type)
        {
            case SampleType.UInt8: Store(samples, values, first, group, stride); break;
            case SampleType.Int8: Store(MemoryMarshal.Cast<byte, sbyte>(samples), values, first, group, stride); break;
            case SampleType.UInt16: Store(MemoryMarshal.Cast<byte, ushort>(samples), values, first, group, stride); break;
            case SampleType.Int16: Store(MemoryMarshal.Cast<byte, short>(samples), values, first, group, stride); break;
            case SampleType.UInt32: Store(MemoryMarshal.Cast<byte, uint>(samples), values, first, group, stride); break;
            case SampleType.Int32: Store(MemoryMarshal.Cast<byte, int>(samples), values, first, group, stride); break;
            case SampleType.UInt64: Store(MemoryMarshal.Cast<byte, ulong>(samples), values, first, group, stride); break;
            case SampleType.Int64: Store(MemoryMarshal.Cast<byte, long>(samples), values, first, group, stride); break;
            case SampleType.Float16: Store(MemoryMarshal.Cast<byte, Half>(samples), values, first, group, stride); break;
            case SampleType.Float32: Store(MemoryMarshal.Cast<byte, float>(samples), values, first, group, stride); break;
            default: Store(MemoryMarshal.Cast<byte, double>(samples), values, first, group, stride); break;
        }
    }

    /// <summary>
    /// Stores samples in groups: sample i goes to index first + (i / group) * stride + i % group of the box's values. A run of whole
    /// pixels has group = stride = C; one channel's plane has group 1, stride C. Backwards, the stride is negative.
    /// </summary>
    /// <exception cref="InputException">A sample is no value of the kind; the message names its place.</exception>
    public void Store<TSample>(ReadOnlySpan<TSample> samples, Span<T> values, long first, int group, int stride)
        where TSample : unmanaged, INumberBase<TSample>, IComparisonOperators<TSample, TSample, bool>
    {
        if (group == stride)
            group = stride = samples.Length;
        for (int i = 0, at = checked((int)first); i < samples.Length; i += group, at += stride)
        {
            var source = samples.Slice(i, group);
            var target = values.Slice(at, group);
            var bad = typeof(T) == typeof(int)
                ? StoreLabels(source, MemoryMarshal.Cast<T, int>(target))
                : typeof(T) == typeof(float)
                    ? StoreValues(source, MemoryMarshal.Cast<T, float>(target))
                    : typeof(T) == typeof(byte)
                        ? StoreSamples(source, MemoryMarshal.Cast<T, byte>(target)) : StoreSamples(source, MemoryMarshal.Cast<T, ushort>(target));
            if (bad >= 0)
                throw Refuse(source[bad], at + bad);
        }
    }

    private int StoreLabels<TSample>(ReadOnlySpan<TSample> source, Span<int> target)
        where TSample : unmanaged, INumberBase<TSample>, IComparisonOperators<TSample, TSample, bool>
    {
        for (var i = 0; i < target.Length; i++)
        {
            var value = source[i];
            if (TSample.IsInteger(value) && value >= TSample.Zero && double.CreateSaturating(value) <= int.MaxValue)
                target[i] = int.CreateTruncating(value);
            else if (_ignored is { } ignored && double.CreateSaturating(value) == ignored)
                target[i] = ignored;
            else
                return i;
        }
        return -1;
    }

    private static int StoreValues<TSample>(ReadOnlySpan<TSample> source, Span<float> target)
        where TSample : unmanaged, INumberBase<TSample>
    {
        for (var i = 0; i < target.Length; i++)
        {
            var value = float.CreateSaturating(source[i]);
            if (!float.IsFinite(value))
                return i;
            target[i] = value;
        }
        return -1;
    }

    /// <summary>Samples of 8 or 16 bits as they are.</summary>
    private static int StoreSamples<TSample, TTarget>(ReadOnlySpan<TSample> source, Span<TTarget> target)
        where TSample : unmanaged, INumberBase<TSample> where TTarget : unmanaged, INumberBase<TTarget>
    {
        for (var i = 0; i < target.Length; i++)
            target[i] = TTarget.CreateTruncating(source[i]);
        return -1;
    }

    private InputException Refuse<TSample>(TSample value, int index) where TSample : INumberBase<TSample>
    {
        var c = index % channels;
        var voxel = index / channels;
        var x = box.X + voxel % box.Width;
        var y = box.Y + voxel / box.Width % box.Height;
        var z = box.Z + voxel / box.Width / box.Height;
        var place = (flat ? $"y {y}, x {x}" : $"z {z}, y {y}, x {x}") + (channels == 1 ? "" : $", channel {c}");
        return new InputException(typeof(T) == typeof(int)
            ? $"{path}: {value} at {place} is no label: labels are whole numbers from 0 to {int.MaxValue}{Remedy(value)}."
            : $"{path}: {value} at {place}: image values must be finite numbers.");
    }

    /// <summary>What to do about numbers that other programs take for labels.</summary>
    private static string Remedy<TSample>(TSample value) where TSample : INumberBase<TSample> =>
        !TSample.IsInteger(value) ? ""
        : TSample.IsNegative(value) ? "; spoco train and spoco evaluate take one such number with --ignore-label"
        : "; number the objects anew, such as with skimage.segmentation.relabel_sequential";
}
