using System.Numerics;
using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>
/// Collects the samples a file holds, of any type and in any order, into a volume of <see cref="float"/> (images: every value must be
/// finite) or <see cref="int"/> (labels: every value must be a whole number from 0 to 2147483647). Images whose samples are of no other type may stay
/// <see cref="byte"/> or <see cref="ushort"/>.
/// </summary>
internal sealed class VolumeBuilder<T> where T : unmanaged
{
    private readonly string _path;
    private readonly int? _ignored;

    /// <summary>Allocates the volume; the reader has checked before that the file can hold as much as it declares.</summary>
    /// <param name="path">The file.</param>
    /// <param name="depth">Slices.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">Values per voxel.</param>
    /// <param name="voxelSize">Size of a voxel where the file states one.</param>
    /// <param name="ignored">The one negative label that is allowed, if any.</param>
    public VolumeBuilder(string path, long depth, long height, long width, long channels, VoxelSize? voxelSize = null, int? ignored = null)
    {
        (_path, _ignored) = (path, ignored < 0 ? ignored : null);
        if (typeof(T) == typeof(int) && channels != 1)
            throw new InputException($"{path}: labels need one channel, the file has {channels}.");
        CheckExtents(path, depth, height, width, channels);
        ReadBudget.Require(path, depth, height, width, channels, Marshal.SizeOf<T>());
        Volume = new Volume<T>((int)depth, (int)height, (int)width, (int)channels) { VoxelSize = voxelSize };
    }

    public Volume<T> Volume { get; }

    /// <summary>Refuses extents that are empty or beyond what one array holds.</summary>
    public static void CheckExtents(string path, long depth, long height, long width, long channels)
    {
        if (depth < 1 || height < 1 || width < 1 || channels < 1)
            throw new InputException($"{path}: an empty image ({depth} x {height} x {width}, {channels} channels).");
        var values = (UInt128)(ulong)depth * (ulong)height * (ulong)width;
        if (values > (ulong)Array.MaxLength || values * (ulong)channels > (ulong)Array.MaxLength)
            throw new InputException(
                $"{path}: declares {depth} x {height} x {width}, {channels} channels: more than {Array.MaxLength} values.");
    }

    /// <summary>Stores native-endian samples; see <see cref="Store{TSample}"/>.</summary>
    public void Store(ReadOnlySpan<byte> samples, SampleType type, long first, int group, int stride)
    {
        switch (type)
        {
            case SampleType.UInt8: Store(samples, first, group, stride); break;
            case SampleType.Int8: Store(MemoryMarshal.Cast<byte, sbyte>(samples), first, group, stride); break;
            case SampleType.UInt16: Store(MemoryMarshal.Cast<byte, ushort>(samples), first, group, stride); break;
            case SampleType.Int16: Store(MemoryMarshal.Cast<byte, short>(samples), first, group, stride); break;
            case SampleType.UInt32: Store(MemoryMarshal.Cast<byte, uint>(samples), first, group, stride); break;
            case SampleType.Int32: Store(MemoryMarshal.Cast<byte, int>(samples), first, group, stride); break;
            case SampleType.UInt64: Store(MemoryMarshal.Cast<byte, ulong>(samples), first, group, stride); break;
            case SampleType.Int64: Store(MemoryMarshal.Cast<byte, long>(samples), first, group, stride); break;
            case SampleType.Float16: Store(MemoryMarshal.Cast<byte, Half>(samples), first, group, stride); break;
            case SampleType.Float32: Store(MemoryMarshal.Cast<byte, float>(samples), first, group, stride); break;
            default: Store(MemoryMarshal.Cast<byte, double>(samples), first, group, stride); break;
        }
    }

    /// <summary>
    /// Stores samples in groups: sample i goes to index first + (i / group) * stride + i % group of the volume's data. A run of whole
    /// pixels has group = stride = C; one channel's plane has group 1, stride C.
    /// </summary>
    public void Store<TSample>(ReadOnlySpan<TSample> samples, long first, int group, int stride)
        where TSample : unmanaged, INumberBase<TSample>, IComparisonOperators<TSample, TSample, bool>
    {
        if (group == stride)
            group = stride = samples.Length;
        for (int i = 0, at = checked((int)first); i < samples.Length; i += group, at += stride)
        {
            var source = samples.Slice(i, group);
            var target = Volume.Data.AsSpan(at, group);
            var bad = typeof(T) == typeof(int)
                ? StoreLabels(source, MemoryMarshal.Cast<T, int>(target))
                : typeof(T) == typeof(float)
                    ? StoreValues(source, MemoryMarshal.Cast<T, float>(target))
                    : typeof(T) == typeof(byte) ? StoreSamples(source, MemoryMarshal.Cast<T, byte>(target)) : StoreSamples(source, MemoryMarshal.Cast<T, ushort>(target));
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
        var c = index % Volume.Channels;
        var voxel = index / Volume.Channels;
        var x = voxel % Volume.Width;
        var y = voxel / Volume.Width % Volume.Height;
        var z = voxel / Volume.Width / Volume.Height;
        var place = (Volume.Depth == 1 ? $"y {y}, x {x}" : $"z {z}, y {y}, x {x}") + (Volume.Channels == 1 ? "" : $", channel {c}");
        return new InputException(typeof(T) == typeof(int)
            ? $"{_path}: {value} at {place} is no label: labels are whole numbers from 0 to {int.MaxValue}{Remedy(value)}."
            : $"{_path}: {value} at {place}: image values must be finite numbers.");
    }

    /// <summary>What to do about numbers that other programs take for labels.</summary>
    private static string Remedy<TSample>(TSample value) where TSample : INumberBase<TSample> =>
        !TSample.IsInteger(value) ? ""
        : TSample.IsNegative(value) ? "; spoco train and spoco evaluate take one such number with --ignore-label"
        : "; number the objects anew, such as with skimage.segmentation.relabel_sequential";
}
