using Spoco.Kernels;

namespace Spoco.Engine;

/// <summary>The boxes of volumes.</summary>
public static class VolumeBox
{
    extension(VoxelBox)
    {
        /// <summary>All of an image.</summary>
        public static VoxelBox Of<T>(Volume<T> volume) where T : unmanaged
        {
            ArgumentNullException.ThrowIfNull(volume);
            return new VoxelBox(0, 0, 0, volume.Depth, volume.Height, volume.Width);
        }
    }
}
