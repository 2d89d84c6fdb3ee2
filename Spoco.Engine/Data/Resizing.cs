
namespace Spoco.Engine.Data;

/// <summary>Resizes whole slices to the size a network was trained at, and its labels back.</summary>
internal static class Resizing
{
    /// <summary>Every slice in the size of <paramref name="size"/>, values interpolated as those of training patches.</summary>
    public static Volume<float> Image(Volume<float> image, PatchExtents size)
    {
        var (slice, resampler) = (size with { Depth = 1 }, new PatchResampler(size with { Depth = 1 }));
        var result = new Volume<float>(image.Depth, slice.Height, slice.Width, image.Channels) { VoxelSize = Scaled(image, slice) };
        var geometry = PatchGeometry.Whole(slice, new PatchExtents(1, image.Height, image.Width));
        for (var z = 0; z < image.Depth; z++)
            resampler.Image(image.Depth == 1 ? image : image.Crop(z, 0, 0, 1, image.Height, image.Width), geometry,
                result.Data.AsSpan(z * slice.VoxelCount * image.Channels, slice.VoxelCount * image.Channels));
        return result;
    }

    /// <summary>Every slice in the size of <paramref name="size"/>, labels from the nearest voxel.</summary>
    public static Volume<int> Labels(Volume<int> labels, PatchExtents size)
    {
        var (slice, resampler) = (size with { Depth = 1 }, new PatchResampler(size with { Depth = 1 }));
        var result = new Volume<int>(labels.Depth, slice.Height, slice.Width) { VoxelSize = Scaled(labels, slice) };
        var geometry = PatchGeometry.Whole(slice, new PatchExtents(1, labels.Height, labels.Width));
        for (var z = 0; z < labels.Depth; z++)
            resampler.Labels(labels.Depth == 1 ? labels : labels.Crop(z, 0, 0, 1, labels.Height, labels.Width), geometry,
                result.Data.AsSpan(z * slice.VoxelCount, slice.VoxelCount));
        return result;
    }

    private static VoxelSize? Scaled<T>(Volume<T> volume, PatchExtents size) where T : unmanaged => volume.VoxelSize is { } voxel
        ? new VoxelSize(voxel.Z, voxel.Y * volume.Height / size.Height, voxel.X * volume.Width / size.Width) : null;
}
