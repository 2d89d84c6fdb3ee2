using PureHDF;
using PureHDF.Filters;
using Spoco.Cli.Demo;
using Spoco.Cli.Files;
using Spoco.Engine;

namespace Spoco.Tests.Files;

/// <summary>Small data sets with the folders, names and encodings of the published ones.</summary>
internal static class PublishedDataSets
{
    /// <summary>CVPPP2017: rgb, label (a palette of colours) and fg per plant; A4 has another size.</summary>
    public static string Cvppp(string folder, int plants = 6, int height = 60, int width = 70)
    {
        for (var i = 0; i < plants; i++)
        {
            var (subset, h) = i == plants - 1 ? ("A4", 44) : ("A1", height);
            var stem = Path.Combine(folder, subset, $"plant{i:D3}");
            var (image, labels) = SyntheticCells.Draw(21, i, h, width);
            WriteColour($"{stem}_rgb.png", image);
            var palette = Enumerable.Range(0, 256 * 3).Select(k => (byte)(37 * k)).ToArray();
            Write($"{stem}_label.png", TestPng.Encode(labels.Data, width, h, 3, 8, palette: palette));
            Write($"{stem}_fg.png", TestPng.Encode(Array.ConvertAll(labels.Data, l => l > 0 ? 1 : 0), width, h, 0, 8));
        }

        return folder;
    }

    /// <summary>Cityscapes: objects of even number are cars, of odd number persons; a group of cars and a stretch of road beside them.</summary>
    public static string Cityscapes(string folder, int train = 3, int height = 48, int width = 96)
    {
        var index = 0;
        foreach (var (part, city, count) in new[] { ("train", "aachen", train), ("train", "bremen", 1), ("val", "lindau", 2) })
        {
            for (var i = 0; i < count; i++, index++)
            {
                var name = $"{city}_{i:D6}_000019";
                var (image, labels) = SyntheticCells.Draw(22, index, height, width);
                WriteColour(Path.Combine(folder, "leftImg8bit", part, city, $"{name}_leftImg8bit.png"), image);
                // Bremen has no car.
                var ids = Array.ConvertAll(labels.Data, l => l == 0 ? 7 : city != "bremen" && l % 2 == 0 ? 26000 + l : 24000 + l);
                ids[0] = 26;
                var classes = Array.ConvertAll(ids, id => id >= 1000 ? id / 1000 : id);
                var annotation = Path.Combine(folder, "gtFine", part, city, $"{name}_gtFine_");
                Write($"{annotation}instanceIds.png", TestPng.Encode(ids, width, height, 0, 16));
                Write($"{annotation}labelIds.png", TestPng.Encode(classes, width, height, 0, 8));
            }
        }

        return folder;
    }

    /// <summary>DSB2018: a folder per image, in it the image with alpha and a mask per nucleus.</summary>
    public static string Dsb2018(string folder, int images = 4, int side = 48)
    {
        for (var i = 0; i < images; i++)
        {
            var (image, labels) = SyntheticCells.Draw(23, i, side, side);
            var id = Path.Combine(folder, "stage1_train", $"{i:D2}f3a9");
            var rgba = image.Data.SelectMany(v => new[] { (int)v, (int)v, (int)v, 255 }).ToArray();
            Write(Path.Combine(id, "images", $"{i:D2}f3a9.png"), TestPng.Encode(rgba, side, side, 6, 8));
            foreach (var label in labels.Data.Distinct().Where(l => l > 0).Order())
                Write(Path.Combine(id, "masks", $"{label:D4}.png"), TestPng.Encode(Array.ConvertAll(labels.Data, l => l == label ? 255 : 0), side, side, 0, 8));
        }

        return folder;
    }

    /// <summary>Ovules and Stem: chunked HDF5 with raw and label in train/ and val/.</summary>
    public static string Tissue(string folder, int depth = 20, int side = 40)
    {
        foreach (var name in new[] { "train/N_1.h5", "train/N_2.h5", "val/N_3.h5" })
            Volume(Path.Combine(folder, name), depth, side, side, name.Length + name[^4]);
        return folder;
    }

    /// <summary>A volume of cells of random brightness; every voxel belongs to a cell but for the first rows.</summary>
    public static string Volume(string path, int depth, int height, int width, int seed, int ignored = 0)
    {
        var random = new Random(seed);
        var brightness = Enumerable.Range(0, 5000).Select(_ => random.Next(40, 200)).ToArray();
        var (raw, label) = (new byte[depth * height * width], new int[depth * height * width]);
        for (var i = 0; i < raw.Length; i++)
        {
            var (z, y, x) = (i / (height * width), i / width % height, i % width);
            var cell = y < 3 ? 0 : 1 + (z / 7 * 20 + y / 11) * 20 + x / 9;
            raw[i] = (byte)(brightness[cell] + random.Next(30));
            label[i] = y == 3 && ignored != 0 ? ignored : cell;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var (dims, chunks) = (new[] { (ulong)depth, (ulong)height, (ulong)width }, new uint[] { (uint)Math.Min(8, depth), (uint)Math.Min(16, height), (uint)Math.Min(16, width) });
        new H5File { ["raw"] = new H5Dataset(raw, chunks, fileDims: dims), ["label"] = new H5Dataset(label, chunks, fileDims: dims) }
            .Write(path, new H5WriteOptions(Filters: [DeflateFilter.Id]));
        return path;
    }

    /// <summary>VNC: sections as TIFF, mitochondria as a binary mask with soft edges.</summary>
    public static string Vnc(string folder, int sections = 5, int side = 56)
    {
        for (var i = 0; i < sections; i++)
        {
            var (image, labels) = SyntheticCells.Draw(24, i, side, side);
            Tiff(Path.Combine(folder, "stack1", "raw", $"{i:D2}.tif"), image);
            var mask = Array.ConvertAll(labels.Data, l => l > 0 ? 255 : 0);
            mask[0] = 100;
            Write(Path.Combine(folder, "stack1", "mitochondria", $"{i:D2}.png"), TestPng.Encode(mask, side, side, 0, 8));
        }

        return folder;
    }

    /// <summary>MitoEM: images of all sections together, labels apart for training and validation.</summary>
    public static string MitoEm(string folder, int side = 56)
    {
        for (var i = 0; i < 5; i++)
        {
            var (image, labels) = SyntheticCells.Draw(25, i, side, side);
            Write(Path.Combine(folder, "im", $"im{i:D4}.png"), TestPng.Encode(Array.ConvertAll(image.Data, v => (int)v), side, side, 0, 8));
            var part = i < 3 ? "mito-train-v2" : "mito-val-v2";
            Directory.CreateDirectory(Path.Combine(folder, part));
            if (i < 4)
                TiffFile.WriteLabels(Path.Combine(folder, part, $"seg{i:D4}.tif"), labels);
        }

        return folder;
    }

    private static void Tiff(string path, Volume<float> image)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        TiffFile.WriteLabels(path, new Volume<int>(Array.ConvertAll(image.Data, v => (int)v), 1, image.Height, image.Width));
    }

    private static void WriteColour(string path, Volume<float> image)
    {
        var rgb = image.Data.SelectMany(v => new[] { (byte)(v / 2), (byte)v, (byte)(v / 3) }).ToArray();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        PngFile.WriteRgb(path, rgb, image.Height, image.Width);
    }

    private static void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }
}
