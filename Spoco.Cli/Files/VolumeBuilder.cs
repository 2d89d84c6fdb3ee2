using System.Numerics;
using System.Runtime.InteropServices;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>Collects the samples a file holds, in any order, into a volume; <see cref="SampleStore{T}"/> says which values are allowed.</summary>
internal sealed class VolumeBuilder<T> where T : unmanaged
{
    private readonly SampleStore<T> _store;

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
        if (typeof(T) == typeof(int) && channels != 1)
            throw new InputException($"{path}: labels need one channel, the file has {channels}.");
        CheckExtents(path, depth, height, width, channels);
        ReadBudget.Require(path, depth, height, width, channels, Marshal.SizeOf<T>());
        Volume = new Volume<T>((int)depth, (int)height, (int)width, (int)channels) { VoxelSize = voxelSize };
        _store = new SampleStore<T>(path, VoxelBox.Of(Volume), Volume.Channels, depth == 1, ignored);
    }

    public Volume<T> Volume { get; }

    /// <summary>Refuses extents that are empty or beyond what one array holds.</summary>
    public static void CheckExtents(string path, long depth, long height, long width, long channels)
    {
        CheckNotEmpty(path, depth, height, width, channels);
        var values = (UInt128)(ulong)depth * (ulong)height * (ulong)width;
        if (values > (ulong)Array.MaxLength || values * (ulong)channels > (ulong)Array.MaxLength)
            throw new InputException(
                $"{path}: declares {depth} x {height} x {width}, {channels} channels: more than {Array.MaxLength} values.");
    }

    /// <summary>Refuses extents that are empty.</summary>
    public static void CheckNotEmpty(string path, long depth, long height, long width, long channels)
    {
        if (depth < 1 || height < 1 || width < 1 || channels < 1)
            throw new InputException($"{path}: an empty image ({depth} x {height} x {width}, {channels} channels).");
    }

    /// <summary>Stores native-endian samples; see <see cref="SampleStore{T}.Store{TSample}"/>.</summary>
    public void Store(ReadOnlySpan<byte> samples, SampleType type, long first, int group, int stride) =>
        _store.Store(samples, type, Volume.Data, first, group, stride);

    /// <summary>Stores samples; see <see cref="SampleStore{T}.Store{TSample}"/>.</summary>
    public void Store<TSample>(ReadOnlySpan<TSample> samples, long first, int group, int stride)
        where TSample : unmanaged, INumberBase<TSample>, IComparisonOperators<TSample, TSample, bool> =>
        _store.Store(samples, Volume.Data, first, group, stride);
}
