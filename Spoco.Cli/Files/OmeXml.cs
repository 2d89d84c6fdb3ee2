using System.Globalization;
using System.Xml;
using Spoco.Engine;

namespace Spoco.Cli.Files;

/// <summary>The XML in which OME-TIFF describes its planes.</summary>
internal static class OmeXml
{
    /// <summary>Reads the first image of a description; null where it is no OME-XML.</summary>
    public static DeclaredAxes? Read(string path, string description, StoredPlanes stored)
    {
        var text = description.TrimStart('\uFEFF', ' ', '\r', '\n', '\t');
        if (!text.StartsWith("<OME", StringComparison.Ordinal)
            && !(text.StartsWith("<?xml", StringComparison.Ordinal) && text.Contains("OME", StringComparison.Ordinal)))
            return null;
        try
        {
            using var xml = XmlReader.Create(new StringReader(text.TrimEnd()), new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreWhitespace = true,
            });
            return new Document(path, stored).Read(xml);
        }
        catch (XmlException e)
        {
            throw new InputException($"{path}: its OME-XML is damaged (line {e.LineNumber}, position {e.LinePosition}).", e);
        }
    }

    /// <summary>Planes of the first image that one <c>TiffData</c> places.</summary>
    private readonly record struct Placed(int? Page, int C, int Z, int T, int? Count, string? File);

    private sealed class Document(string path, StoredPlanes stored)
    {
        private readonly List<Placed> _placed = [];
        private string? _ownId;
        private DeclaredAxes? _axes;
        private int _images;
        private int _inPage = 1;

        public DeclaredAxes? Read(XmlReader xml)
        {
            while (xml.Read())
            {
                if (xml.NodeType != XmlNodeType.Element)
                    continue;
                switch (xml.LocalName)
                {
                    case "OME": _ownId = xml.GetAttribute("UUID"); break;
                    case "BinaryOnly": throw Elsewhere();
                    case "Image": _images++; break;
                    case "Pixels" when _images == 1: _axes = Pixels(xml); break;
                    case "TiffData" when _images == 1:
                        _placed.Add(new Placed(
                            Count(xml, "IFD"), Count(xml, "FirstC") ?? 0, Count(xml, "FirstZ") ?? 0, Count(xml, "FirstT") ?? 0,
                            Count(xml, "PlaneCount"), null));
                        break;
                    case "UUID" when _images == 1 && _placed.Count > 0:
                        var name = xml.GetAttribute("FileName");
                        var id = xml.ReadElementContentAsString().Trim();
                        _placed[^1] = _placed[^1] with { File = id == _ownId || name == Path.GetFileName(path) ? null : id };
                        break;
                }
            }
            if (_axes is not { } axes)
                return null;
            // Samples of a pixel count as channels; they share a plane.
            if (axes.Channels % stored.Samples == 0)
                _inPage = stored.Samples;
            axes = axes with { Channels = axes.Channels / _inPage, Others = _images - 1 };
            return axes.Frames > 1 ? axes : axes with { Pages = Place(axes) };
        }

        private static DeclaredAxes Pixels(XmlReader xml) =>
            new(Math.Max(1, Count(xml, "SizeT") ?? 1), Math.Max(1, Count(xml, "SizeZ") ?? 1), Math.Max(1, Count(xml, "SizeC") ?? 1))
            {
                Order = xml.GetAttribute("DimensionOrder") is { Length: 5 } order && order.StartsWith("XY", StringComparison.Ordinal)
                    && order.Order().SequenceEqual("CTXYZ") ? order[2..] : "CZT",
                SizeX = Size(xml, "X"),
                SizeY = Size(xml, "Y"),
                SizeZ = Size(xml, "Z"),
            };

        /// <summary>The page of each plane, [slice, channel].</summary>
        private int[] Place(DeclaredAxes axes)
        {
            // A file under another name still refers to itself by the old one; only then is there a single name for all planes.
            if (_placed.Select(placed => placed.File).Distinct().Count() > 1
                || (_placed.Exists(placed => placed.File is not null) && _ownId is not null))
                throw Elsewhere();
            if (axes.Planes > (ulong)stored.AllPages)
                throw Missing(axes);
            var pages = new int[axes.Slices * axes.Channels];
            Array.Fill(pages, -1);
            var next = 0;
            foreach (var placed in _placed.Count > 0 ? _placed : [new Placed(null, 0, 0, 0, null, null)])
            {
                var number = Number(axes, placed);
                var count = placed.Count ?? (placed.Page is null && _placed.Count <= 1 ? pages.Length - number : 1);
                if (number < 0 || count < 0 || count > pages.Length - number)
                    throw new InputException($"{path}: its OME-XML places planes outside of {axes.Channels} channels x {axes.Slices} slices.");
                next = placed.Page ?? next;
                for (var i = 0; i < count; i++, next++)
                    pages[Index(axes, number + i)] = next;
            }
            if (Array.Exists(pages, page => page < 0 || page >= stored.AllPages))
                throw Missing(axes);
            return pages;
        }

        /// <summary>Where a plane stands in the order of the dimensions; -1 outside of the image.</summary>
        private int Number(DeclaredAxes axes, Placed placed)
        {
            var channel = placed.C / _inPage;
            return channel >= axes.Channels || placed.Z >= axes.Slices || placed.T != 0 ? -1
                : ChannelsFirst(axes) ? placed.Z * axes.Channels + channel : channel * axes.Slices + placed.Z;
        }

        private static int Index(DeclaredAxes axes, int number) =>
            ChannelsFirst(axes) ? number : number % axes.Slices * axes.Channels + number / axes.Slices;

        private static bool ChannelsFirst(DeclaredAxes axes) =>
            axes.Order.IndexOf('C', StringComparison.Ordinal) < axes.Order.IndexOf('Z', StringComparison.Ordinal);

        private InputException Missing(DeclaredAxes axes) => new(
            $"{path}: its OME-XML declares {axes.Channels} channels x {axes.Slices} slices, but "
            + $"not all of them are among the file's {stored.AllPages} pages.");

        private InputException Elsewhere() => new(
            $"{path}: an OME-TIFF whose planes lie in several files is not read; save it as one file "
            + "(Fiji: open it with Bio-Formats, then save as TIFF).");

        private static int? Count(XmlReader xml, string name) =>
            int.TryParse(xml.GetAttribute(name), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;

        private static double? Size(XmlReader xml, string axis) =>
            double.TryParse(xml.GetAttribute($"PhysicalSize{axis}"), CultureInfo.InvariantCulture, out var size)
                ? size * LengthUnit.Micrometres(xml.GetAttribute($"PhysicalSize{axis}Unit") ?? "um") : null;
    }
}
