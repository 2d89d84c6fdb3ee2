namespace Spoco.Kernels.Primitives;

/// <summary>
/// How thread groups share images [Images, Voxels, Channels] when every thread is to stay with one channel: thread t of a group works on channel
/// t mod ChannelsPerTile and on every <paramref name="Lanes"/>-th voxel of a chunk. Neighbouring threads read neighbouring addresses, and no
/// thread divides per element.
/// </summary>
/// <param name="ChannelsPerTile">Channels of one thread group.</param>
/// <param name="Lanes">Voxels a thread group reads at a time.</param>
/// <param name="Tiles">Thread groups over the channels.</param>
/// <param name="VoxelsPerChunk">Voxels of one thread group.</param>
/// <param name="Chunks">Thread groups over the voxels of an image.</param>
internal readonly record struct ChannelTiling(int ChannelsPerTile, int Lanes, int Tiles, int VoxelsPerChunk, int Chunks)
{
    /// <summary>Most threads of a group; the length of the shared memory of kernels.</summary>
    internal const int MaximumThreads = 256;

    private const int MinimumVoxelsPerThread = 32;
    private const int TargetGroups = 1024;

    internal static ChannelTiling Of(GroupNormShape shape, int threads)
    {
        var tiles = (shape.Channels + threads - 1) / threads;
        var channels = (shape.Channels + tiles - 1) / tiles;
        var lanes = threads / channels;
        var chunksWanted = Math.Max(1, TargetGroups / (tiles * shape.Images));
        var voxels = Math.Max((long)lanes * MinimumVoxelsPerThread, ((long)shape.Voxels + chunksWanted - 1) / chunksWanted);
        var perChunk = (int)Math.Min(voxels, shape.Voxels);
        return new ChannelTiling(channels, lanes, tiles, perChunk, (int)(((long)shape.Voxels + perChunk - 1) / perChunk));
    }
}
