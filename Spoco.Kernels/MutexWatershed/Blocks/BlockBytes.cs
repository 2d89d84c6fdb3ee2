namespace Spoco.Kernels.Primitives;

/// <summary>What a block takes beside its edges.</summary>
/// <param name="Channels">The most values per voxel of what is read, in one array.</param>
/// <param name="Read">Bytes per voxel of the block and its surroundings while they are read.</param>
/// <param name="KeptAround">Of these, bytes that are kept until the block is contracted.</param>
/// <param name="KeptOfVoxel">Bytes per voxel of the block that are kept until its result is written.</param>
internal readonly record struct BlockBytes(int Channels, int Read, int KeptAround, int KeptOfVoxel);
