using Spoco.Kernels;

namespace Spoco.Engine;

/// <summary>Makes <see cref="VoxelBox"/>es of volumes.</summary>
public static class VolumeBox
{
    extension(VoxelBox)
    {
        /// <summary>The box of all voxels of a volume.</summary>
        public static VoxelBox Of<T>(Volume<T> volume) where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(volume);
            return new VoxelBox(0, 0, 0, volume.Depth, volume.Height, volume.Width);
        }
    }
}
